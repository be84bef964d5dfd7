import { InternalError } from '../../src/base/errors.ts';
import type { Epoch } from '../../src/base/ids.ts';
import { isId } from '../../src/base/ids.ts';
import { RestoredEnumerator } from '../../src/connectors/split/restored-enumerator.ts';
import type { OperatorFactory } from '../../src/dataplane/chain/operator.ts';
import type { SourceOperatorFactory } from '../../src/dataplane/operators/index.ts';
import type {
  Source,
  SourceSplit,
  SplitEnumerator,
  SplitEnumeratorContext,
} from '../../src/functions/source.ts';
import { buildExecutionGraph } from '../../src/graph/execution-graph.ts';
import type { ExecutionGraph } from '../../src/graph/execution-graph.ts';
import type { GeneratedJob } from '../../src/graph/job-graph-generator.ts';
import type { TraceContext } from '../../src/ports/tracing.ts';
import type { JobDetails } from '../../src/protocol/job-status.ts';
import { startJobManager } from '../job-manager/job-manager.effects.ts';
import type { JobManagerHandle, SuspendedJob } from '../job-manager/job-manager-options.ts';
import type { ActorEnvironment } from '../messaging/environment.ts';
import type { JobLoader } from '../messaging/job-loader.ts';
import type { DirectoryOwners } from './directory-owners.ts';
import type { PersistedJob } from './dispatcher.machine.ts';
import type { JobSettings } from './job-settings.ts';

export interface JobLauncherOptions {
  readonly epoch: Epoch;
  readonly loader: JobLoader;
  readonly directories: DirectoryOwners;
  jobSettings(configuration: Readonly<Record<string, string>>): JobSettings;
}

/** A job whose module is loaded: nothing can keep its job-manager from starting any more. */
export interface PreparedJob {
  readonly job: PersistedJob;
  readonly generated: GeneratedJob<OperatorFactory>;
  readonly graph: ExecutionGraph;
  readonly settings: JobSettings;
}

/** How a job-manager begins. */
export interface LaunchOrigin {
  readonly recovered: boolean;
  readonly suspended: SuspendedJob | undefined;
  readonly logToken: string;
  readonly trace: TraceContext | undefined;
  readonly onEnded: (job: JobDetails) => Promise<void>;
  readonly onCheckpointsRemoved: () => void;
}

/** Makes job-managers of jobs. */
export class JobLauncher {
  readonly #environment: ActorEnvironment;
  readonly #options: JobLauncherOptions;

  constructor(environment: ActorEnvironment, options: JobLauncherOptions) {
    this.#environment = environment;
    this.#options = options;
  }

  /**
   * Everything that can be wrong with a job is found here.
   * @throws UserError for a module that cannot be loaded or makes no job, DirectoryTakenError when the checkpoints of another cluster are
   * where this job's are to be
   */
  async prepare(job: PersistedJob): Promise<PreparedJob> {
    const generated = await this.#options.loader.load(job.moduleSha256, job.configuration);
    if (!isId(job.jobId)) throw new InternalError(`job id "${job.jobId}" was checked at the door`);
    const settings = this.#settingsOf(job, generated);
    const { directory } = settings.checkpointPlaces;
    if (directory !== undefined && settings.checkpoints.intervalMs !== undefined)
      await this.#options.directories.own(directory);
    return { job, generated, graph: buildExecutionGraph(generated.jobGraph), settings };
  }

  start({ job, generated, graph, settings }: PreparedJob, origin: LaunchOrigin): JobManagerHandle {
    const { jobId, submittedAt, moduleSha256, configuration } = job;
    const { epoch } = this.#options;
    const { rescale: _, ...ofJob } = settings;
    return startJobManager(this.#environment, {
      jobId,
      epoch,
      submittedAt,
      moduleSha256,
      configuration,
      graph,
      batch: generated.batch === true,
      ...ofJob,
      ...origin,
      createEnumerator: (vertexId, context, restored) =>
        enumeratorOf(sourceOf(generated, vertexId), context, restored),
    });
  }

  #settingsOf(job: PersistedJob, generated: GeneratedJob<OperatorFactory>): JobSettings {
    const given = this.#options.jobSettings(job.configuration);
    const own = generated.checkpointIntervalMs ?? given.checkpoints.intervalMs;
    const intervalMs = generated.batch === true ? undefined : own;
    // With checkpoints, a job that fails goes on from the last one instead of meeting the same record for ever.
    const policy = intervalMs === undefined ? given.policy : { ...given.policy, retryUserFailures: true };
    return { ...given, policy, checkpoints: { ...given.checkpoints, intervalMs } };
  }
}

/** The enumerator of a source, or what a checkpoint left of it: then it hands out the splits that were open, in their order. */
function enumeratorOf(
  source: Source<unknown, SourceSplit>,
  context: SplitEnumeratorContext<SourceSplit>,
  restored: readonly SourceSplit[] | undefined,
): SplitEnumerator<SourceSplit> {
  if (restored === undefined) return source.createEnumerator(context);
  return source.restoreEnumerator?.(context, restored) ?? new RestoredEnumerator(context, restored);
}

function sourceOf(generated: GeneratedJob<OperatorFactory>, vertexId: string): Source<unknown, SourceSplit> {
  const plan = [...generated.plans.values()].find((candidate) => candidate.vertexId === vertexId);
  const factory = plan?.nodes[0]?.factory as Partial<SourceOperatorFactory> | undefined;
  if (factory?.source === undefined) throw new InternalError(`vertex ${vertexId} has no source`);
  return factory.source;
}
