import type { Command } from 'commander';
import type { JobGraph } from '../../../src/graph/job-graph.ts';
import { prepareJob } from '../prepare-job.ts';
import type { PreparedJob } from '../prepare-job.ts';
import { EXIT } from './describe-error.ts';
import { jobArguments } from '../job-arguments.ts';
import {
  configurationOf,
  withClass,
  withConfiguration,
  withJson,
  withParallelism,
  withVerbose,
} from './options.ts';
import type { Cli, ConfigurationOptions } from './options.ts';
import { clean, table } from './table.ts';

interface InfoOptions extends ConfigurationOptions {
  readonly parallelism?: number;
  readonly class?: string;
}

const EXAMPLES = `
Examples:
  millrace info job.ts                  the plan at parallelism 1 (or parallelism.default)
  millrace info job.ts -p 8 --json      for programs`;

/** `millrace info <module>` */
export function addInfo(program: Command, cli: Cli): void {
  const command = program
    .command('info <module> [arguments...]')
    .description('show the plan of a job: vertices, chains, edges, parallelism; needs no cluster')
    .addHelpText('after', EXAMPLES);
  withVerbose(withJson(withConfiguration(withParallelism(withClass(command))))).action(
    async (module: string, words: string[], options: InfoOptions) => {
      const configuration = configurationOf(cli, options, jobArguments(words));
      const prepared = await prepareJob(module, configuration, options.class);
      if (cli.json) cli.terminal.json(planJson(prepared));
      else printPlan(cli, prepared);
      cli.exitCode = EXIT.ok;
    },
  );
}

function planJson({ jobGraph, slots, bundle }: PreparedJob): object {
  const { name, graphHash, vertices, edges } = jobGraph;
  return { type: 'jobPlan', name, graphHash, moduleSha256: bundle.sha256, slots, vertices, edges };
}

function printPlan({ terminal }: Cli, { jobGraph, slots, bundle }: PreparedJob): void {
  const { vertices, edges } = jobGraph;
  const subtasks = vertices.reduce((n, vertex) => n + vertex.parallelism, 0);
  terminal.out(`${terminal.paintOut('bold', `Job "${clean(jobGraph.name)}"`)}`);
  terminal.out(
    `${vertices.length} vertices, ${edges.length} edges, ${subtasks} subtasks, needs ${slots} slots`,
  );
  terminal.out(`Module sha256 ${bundle.sha256}`);
  terminal.out();
  const numbers = numberOf(jobGraph);
  const title = (
    text: string,
    align: 'left' | 'right' = 'left',
  ): { title: string; align: 'left' | 'right' } => ({ title: text, align });
  const rows = vertices.map((vertex) => [
    numbers(vertex.id),
    String(vertex.parallelism),
    String(vertex.maxParallelism),
    clean(vertex.slotSharingGroup, 20),
    vertex.operators.map((operator) => `${clean(operator.name, 40)} (${operator.kind})`).join(' -> '),
  ]);
  const columns = [
    title('Vertex'),
    title('Parallelism', 'right'),
    title('Max', 'right'),
    title('Slot sharing'),
    title('Operators'),
  ];
  for (const line of table(columns, rows)) terminal.out(line);
  if (edges.length === 0) return;
  terminal.out();
  const edgeRows = edges.map((edge) => [
    numbers(edge.source),
    numbers(edge.target),
    edge.partition,
    [
      ...(edge.sideOutput === undefined ? [] : [`side output ${clean(edge.sideOutput, 40)}`]),
      ...(edge.fields === undefined ? [] : [`fields ${clean(edge.fields.join(', '), 60)}`]),
    ].join(', '),
  ]);
  for (const line of table([title('From'), title('To'), title('Partition'), title('')], edgeRows))
    terminal.out(line);
}

/** Vertices by `v1`, `v2`...: their ids are long. */
function numberOf({ vertices }: JobGraph): (id: string) => string {
  const numbers = new Map<string, string>(vertices.map((vertex, i) => [vertex.id, `v${i + 1}`]));
  return (id) => numbers.get(id) ?? id;
}
