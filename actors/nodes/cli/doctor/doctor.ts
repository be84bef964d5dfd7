import { statfs } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import type { Command } from 'commander';
import type { Configuration } from '../../../../src/config/configuration.ts';
import { OPTIONS } from '../../../../src/config/options.ts';
import { isGloballyTerminal } from '../../../../src/protocol/job-status.ts';
import { ownHeapBytes } from '../../adapters/job-manager-heap.ts';
import { processMemoryBytes } from '../../adapters/process-memory.ts';
import type { ClientConnection } from '../../connect-client.ts';
import { DEFAULT_CLUSTER } from '../../nats-environment.ts';
import { prepareJob } from '../../prepare-job.ts';
import { EXIT } from '../describe-error.ts';
import {
  QUESTION_TIMEOUT_MS,
  clientAddressOf,
  configurationOf,
  withClass,
  withClient,
  withConfiguration,
  withCredentials,
  withJson,
  withRest,
  withVerbose,
} from '../options.ts';
import type { Cli, ConfigurationOptions, CredentialOptions, RestOptions } from '../options.ts';
import { checkpointChecks } from './checkpoint-checks.ts';
import { clusterChecks } from './cluster-checks.ts';
import type { ClusterState } from './cluster-checks.ts';
import { AREAS } from './finding.ts';
import type { Finding, Level } from './finding.ts';
import { jobChecks } from './job-checks.ts';
import { machineChecks } from './machine-checks.ts';
import type { Machine } from './machine-checks.ts';
import { monitoringChecks } from './monitoring-checks.ts';
import { recoveryChecks } from './recovery-checks.ts';

const EXAMPLES = `
Examples:
  millrace doctor --config config.yaml              is this configuration fit for production?
  millrace doctor payments.ts -p 8                  and this job?
  millrace doctor --nats nats://nats:4222           and this cluster, with the jobs that it runs?

Exit codes: 0 no problem, 1 at least one problem (advice alone is none), 2 wrong usage`;

interface DoctorOptions extends ConfigurationOptions, CredentialOptions, RestOptions {
  readonly nats?: string;
  readonly cluster?: string;
  readonly class?: string;
}

/** `millrace doctor [module]`: the production checklist, as far as a program can check it. */
export function addDoctor(program: Command, cli: Cli): void {
  const command = program
    .command('doctor [module]')
    .description('check a configuration, a job or a cluster against the production checklist')
    .option('--nats <url>', 'look at the cluster on this NATS server, too')
    .option('--cluster <id>', `which cluster on that server (default: "${DEFAULT_CLUSTER}")`)
    .addHelpText('after', EXAMPLES);
  withVerbose(withJson(withConfiguration(withCredentials(withRest(withClass(command)))))).action(
    async (module: string | undefined, options: DoctorOptions) => {
      const findings = await examine(cli, module, options);
      show(cli, findings);
      cli.exitCode = findings.some(({ level }) => level === 'problem') ? EXIT.failed : EXIT.ok;
    },
  );
}

async function examine(
  cli: Cli,
  module: string | undefined,
  options: DoctorOptions,
): Promise<readonly Finding[]> {
  const configuration = configurationOf(cli, options);
  const job = module === undefined ? undefined : await prepareJob(module, configuration, options.class);
  const { nats, cluster = DEFAULT_CLUSTER } = options;
  const state =
    nats === undefined && options.jobmanager === undefined
      ? undefined
      : await withClient(
          cli,
          clientAddressOf(cli, { ...options, nats: nats ?? '', cluster }),
          QUESTION_TIMEOUT_MS,
          lookAt,
        );
  return [
    ...checkpointChecks(configuration),
    ...recoveryChecks(configuration),
    ...machineChecks(configuration, await thisMachine(configuration)),
    ...monitoringChecks(configuration),
    ...(job === undefined ? [] : jobChecks(job.jobGraph, job.slots)),
    ...(state === undefined ? [] : clusterChecks(state)),
  ];
}

async function lookAt(connection: ClientConnection): Promise<ClusterState> {
  const { client } = connection;
  const [overview, jobs, nats] = await Promise.all([client.overview(), client.list(), connection.server()]);
  const alive = jobs.filter(({ status }) => !isGloballyTerminal(status));
  const details = await Promise.all(alive.map(({ jobId }) => client.details(jobId)));
  return { ...overview, jobs, details, nats };
}

async function thisMachine(configuration: Configuration): Promise<Machine> {
  const folders = configuration.get(OPTIONS.temporaryFolders)?.split(',') ?? [tmpdir()];
  const temporaryFolders = await Promise.all(
    folders.map(async (folder) => {
      const path = folder.trim();
      const free = await statfs(path).then(
        ({ bavail, bsize }) => bavail * bsize,
        () => undefined,
      );
      return { path, freeBytes: free };
    }),
  );
  return {
    cores: availableParallelism(),
    memoryBytes: processMemoryBytes(),
    heapBytes: ownHeapBytes(),
    temporaryFolders,
  };
}

const MARKS: Readonly<Record<Level, readonly [string, 'green' | 'yellow' | 'red']>> = {
  ok: ['ok      ', 'green'],
  advice: ['advice  ', 'yellow'],
  problem: ['problem ', 'red'],
};

function show({ terminal, json }: Cli, findings: readonly Finding[]): void {
  if (json) {
    for (const finding of findings) terminal.json({ type: 'finding', ...finding });
    return;
  }
  for (const area of AREAS) {
    const own = findings.filter((finding) => finding.area === area);
    if (own.length === 0) continue;
    terminal.out(terminal.paintOut('bold', area));
    for (const { level, found, advice } of own) {
      const [mark, colour] = MARKS[level];
      terminal.out(`  ${terminal.paintOut(colour, mark)}${found}`);
      if (advice !== undefined) terminal.out(`          ${advice}`);
    }
    terminal.out();
  }
  const count = (level: Level): number => findings.filter((finding) => finding.level === level).length;
  terminal.out(`${count('problem')} problems, ${count('advice')} pieces of advice, ${count('ok')} in order.`);
}
