import { UserError } from '../base/errors.ts';
import type { OperatorFactory } from '../dataplane/chain/operator.ts';
import type { RuntimeExecutionMode } from '../functions/execution-mode.ts';
import { generateJobGraph } from '../graph/job-graph-generator.ts';
import type { GeneratedJob } from '../graph/job-graph-generator.ts';
import { StreamExecutionEnvironment } from './environment.ts';
import { graphForMode } from './execution-mode.ts';
import type { JobDefinition } from './job.ts';

/** What the configuration says of a job's graph. */
export interface CompileSettings {
  /** `parallelism.default`, or `-p`. */
  readonly parallelism: number;
  /** `pipeline.max-parallelism` */
  readonly maxParallelism: number | undefined;
  /** `pipeline.jobvertex-parallelism-overrides` */
  readonly parallelismOverrides: ReadonlyMap<string, number>;
  /** `pipeline.operator-chaining.enabled` */
  readonly chaining: boolean;
  /** `pipeline.generic-types` */
  readonly genericTypes: boolean;
  /** `pipeline.name`: a name that wins over the job's own. */
  readonly name: string | undefined;
  /** `execution.runtime-mode` */
  readonly runtimeMode: RuntimeExecutionMode;
  /** `pipeline.global-job-parameters` */
  readonly parameters: ReadonlyMap<string, string>;
}

/**
 * Runs a job's `build` and translates what it declared. Repeating it with the same settings gives the same graph.
 * @throws UserError when `build` throws (its error is the cause) or the graph is not valid.
 */
export async function compileJob(
  definition: JobDefinition,
  settings: CompileSettings,
): Promise<GeneratedJob<OperatorFactory>> {
  const env = new StreamExecutionEnvironment(settings.parameters);
  try {
    await definition.build(env);
  } catch (error) {
    throw new UserError(`job "${definition.name.slice(0, 200)}" could not be built: ${messageOf(error)}`, {
      cause: error,
    });
  }
  const own = env.getSettings();
  const built = env.getStreamGraph();
  const graph = graphForMode(built, own.runtimeMode ?? settings.runtimeMode);
  const generated = generateJobGraph(graph, {
    jobName: settings.name ?? definition.name,
    parallelism: own.parallelism ?? settings.parallelism,
    maxParallelism: own.maxParallelism ?? settings.maxParallelism,
    parallelismOverrides: settings.parallelismOverrides,
    chaining: own.chaining && settings.chaining,
    genericTypes: settings.genericTypes,
  });
  return { ...generated, batch: graph !== built, checkpointIntervalMs: own.checkpointIntervalMs };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
