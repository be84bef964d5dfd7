import { createActor } from 'xstate';
import type { Actor } from 'xstate';
import {
  InternalError,
  MillraceError,
  NotFoundError,
  UserError,
  ExternalError,
  serializeError,
} from '../../src/base/errors.ts';
import type { Epoch, JobId } from '../../src/base/ids.ts';
import { isId } from '../../src/base/ids.ts';
import { RECOVERY_PAUSE_MAX_MS, RECOVERY_PAUSE_MIN_MS } from '../../src/base/limits.ts';
import type { RestartPolicy } from '../../src/control/restart-strategy.ts';
import { countSlots } from '../../src/control/slot-manager.ts';
import type { OperatorFactory } from '../../src/dataplane/chain/operator.ts';
import type { SourceOperatorFactory } from '../../src/dataplane/operators/index.ts';
import { RestoredEnumerator } from '../../src/connectors/split/restored-enumerator.ts';
import type {
  Source,
  SourceSplit,
  SplitEnumerator,
  SplitEnumeratorContext,
} from '../../src/functions/source.ts';
import { buildExecutionGraph } from '../../src/graph/execution-graph.ts';
import type { GeneratedJob } from '../../src/graph/job-graph-generator.ts';
import type { ArtifactStore, MetadataStore } from '../../src/ports/stores.ts';
import type { TraceContext } from '../../src/ports/tracing.ts';
import { DirectoryTakenError } from '../../src/state/snapshot/directory-owner.ts';
import { clientRequest } from '../../src/protocol/client-dispatcher.ts';
import type { ClientRequest, JobModule } from '../../src/protocol/client-dispatcher.ts';
import type { JobDetails } from '../../src/protocol/job-status.ts';
import type { CheckpointSettings } from '../../src/control/checkpoints/state.ts';
import type { CheckpointPlaces } from '../job-manager/checkpoint-coordinator/checkpoint-places.ts';
import type { JobMetricsOptions } from '../job-manager/job-metrics.ts';
import type { HeartbeatSettings } from '../job-manager/heartbeats.ts';
import { startJobManager } from '../job-manager/job-manager.effects.ts';
import type { CheckpointRetention, JobManagerHandle } from '../job-manager/job-manager.effects.ts';
import type { ActorEnvironment } from '../messaging/environment.ts';
import { reply, serve } from '../messaging/serve.ts';
import { sleep } from '../messaging/ask.ts';
import { supervise } from '../messaging/supervise.ts';
import { tell } from '../messaging/tell.ts';
import { xstateClock } from '../messaging/xstate-clock.ts';
import { dispatcherMachine } from './dispatcher.machine.ts';
import type { DispatcherContext, DispatcherEvent, PersistedJob } from './dispatcher.machine.ts';
import type { JobLoader } from '../messaging/job-loader.ts';
import type { DirectoryOwners } from './directory-owners.ts';
import { taskManagerInfos } from './task-manager-infos.ts';
import type { ClusterResources } from './task-manager-infos.ts';
import { JobStore } from './job-store.ts';

export interface DispatcherOptions {
  readonly epoch: Epoch;
  readonly metadata: MetadataStore;
  readonly artifacts: ArtifactStore;
  readonly loader: JobLoader;
  readonly directories: DirectoryOwners;
  /** Settings of one job: the cluster's configuration with the job's over it. */
  jobSettings(configuration: Readonly<Record<string, string>>): JobSettings;
  /** What the resource-manager knows, for overviews. */
  resources(): ClusterResources;
  readonly endedJobsKept: number;
  /** Once the REST API listens. */
  restUrl(): string | undefined;
}

export interface JobSettings {
  readonly policy: RestartPolicy;
  readonly slotRequestTimeoutMs: number;
  readonly cancellationTimeoutMs: number;
  readonly heartbeat: HeartbeatSettings;
  readonly checkpoints: CheckpointSettings;
  readonly checkpointPlaces: CheckpointPlaces;
  readonly retention: CheckpointRetention;
  readonly statusMetrics: JobMetricsOptions['statusMetrics'];
  readonly failuresKept: number;
  readonly checkpointsShown: number;
}

export interface DispatcherHandle {
  readonly actor: Actor<typeof dispatcherMachine>;
  jobManager(jobId: JobId): JobManagerHandle | undefined;
  /** Those that run and those that have ended and are kept. */
  jobManagers(): Iterable<JobManagerHandle>;
  stop(): void;
}

/** Starts the leading dispatcher on its subject. */
export function startDispatcher(environment: ActorEnvironment, options: DispatcherOptions): DispatcherHandle {
  return new Dispatcher(environment, options);
}

class Dispatcher implements DispatcherHandle {
  readonly actor: Actor<typeof dispatcherMachine>;
  readonly #environment: ActorEnvironment;
  readonly #options: DispatcherOptions;
  readonly #jobManagers = new Map<JobId, JobManagerHandle>();
  readonly #store: JobStore;
  /** Recovered jobs that did not start, until they are tried again; and whether somebody has canceled them. */
  readonly #waiting = new Map<JobId, 'waiting' | 'canceled'>();
  readonly #stopServing: () => void;

  constructor(environment: ActorEnvironment, options: DispatcherOptions) {
    this.#environment = environment;
    this.#options = options;
    const { epoch, endedJobsKept, metadata } = options;
    this.#store = new JobStore(metadata, epoch, environment.logger);
    const newJobId = (): JobId => environment.random.hex(16) as JobId;
    this.actor = createActor(this.#provide(), {
      input: { epoch, endedJobsKept, newJobId },
      clock: xstateClock(environment.clock),
    });
    const subscription = serve(
      environment,
      environment.subjects.dispatcher(),
      clientRequest,
      (request, caller) => this.actor.send({ type: 'requested', request, caller }),
    );
    this.#stopServing = () => subscription.close();
    supervise(environment, this.actor, 'dispatcher');
    this.actor.start();
  }

  jobManager(jobId: JobId): JobManagerHandle | undefined {
    return this.#jobManagers.get(jobId);
  }

  jobManagers(): Iterable<JobManagerHandle> {
    return this.#jobManagers.values();
  }

  stop(): void {
    this.#stopServing();
    this.actor.send({ type: 'stop' });
  }

  #provide(): typeof dispatcherMachine {
    const environment = this.#environment;
    return dispatcherMachine.provide({
      actions: {
        recoverJobs: () => void this.#recover(),
        startJob: (_, { jobId, request }) => void this.#start(jobId, () => this.#persist(jobId, request)),
        restartJob: (_, { job }) => void this.#restart(job),
        replySubmitted: (_, { jobId, name, callers }) => {
          for (const caller of callers) reply(environment, caller, { type: 'jobSubmitted', jobId, name });
        },
        replyRefused: (_, { error, callers }) => {
          for (const caller of callers) reply(environment, caller, { type: 'refused', error });
        },
        forwardToJob: ({ context, event }) => this.#forward(context, event),
        replyJobList: ({ event }) => {
          const jobs = [...this.#jobManagers.values()].map((jobManager) => jobManager.summary());
          this.#reply(event, { type: 'jobList', jobs: [...this.#store.ended.all(), ...jobs] });
        },
        replyOverview: ({ context, event }) => {
          const { slots } = this.#options.resources();
          const { total, available } = countSlots(slots);
          const rest = this.#options.restUrl();
          this.#reply(event, {
            type: 'clusterOverview',
            epoch: context.epoch,
            taskManagers: slots.taskManagers.size,
            slotsTotal: total,
            slotsAvailable: available,
            ...(rest === undefined ? {} : { rest }),
          });
        },
        replyTaskManagers: ({ event }) => {
          const taskManagers = taskManagerInfos(this.#options.resources(), environment.clock);
          this.#reply(event, { type: 'taskManagerList', taskManagers });
        },
        refuseNotLeading: ({ event }) => {
          const error = new ExternalError('the dispatcher is still recovering its jobs: try again');
          this.#reply(event, { type: 'refused', error: serializeError(error) });
        },
        forgetJob: (_, { jobId }) => {
          this.#jobManagers.get(jobId)?.stop();
          this.#jobManagers.delete(jobId);
          this.#store.ended
            .forget(jobId)
            .catch((error: unknown) =>
              environment.logger.warn('an ended job stays in the metadata store', { jobId, error }),
            );
        },
        stopAll: () => {
          for (const jobManager of this.#jobManagers.values()) jobManager.stop();
          this.#jobManagers.clear();
        },
      },
    });
  }

  #reply(
    event: DispatcherEvent,
    message: { readonly type: string; readonly [field: string]: unknown },
  ): void {
    if (event.type === 'requested') reply(this.#environment, event.caller, message);
  }

  #forward(context: DispatcherContext, event: DispatcherEvent): void {
    if (event.type !== 'requested') return;
    const { request, caller } = event;
    if (
      request.type !== 'requestJobDetails' &&
      request.type !== 'requestExecutionGraph' &&
      request.type !== 'requestCheckpointStatistics' &&
      request.type !== 'cancelJob' &&
      request.type !== 'triggerSnapshot' &&
      request.type !== 'requestSnapshotStatus' &&
      request.type !== 'fetchResults'
    )
      return;
    const jobManager = this.#jobManagers.get(request.jobId);
    // Not from within this transition: it is another machine's.
    if (jobManager !== undefined) return queueMicrotask(() => jobManager.handle(request, caller));
    if (request.type === 'cancelJob' && this.#waiting.has(request.jobId)) {
      this.#waiting.set(request.jobId, 'canceled');
      return this.#reply(event, { type: 'cancelAccepted', jobId: request.jobId });
    }
    const ended = this.#store.ended.find(request.jobId);
    if (ended !== undefined && request.type === 'requestJobDetails')
      return this.#reply(event, { type: 'jobDetails', job: ended });
    const isStarting = context.jobs.get(request.jobId)?.state === 'submitting';
    const error = isStarting
      ? new ExternalError(`job ${request.jobId} is being started: try again`)
      : new NotFoundError(
          ended === undefined
            ? `there is no job ${request.jobId}; "millrace list" shows the jobs of this cluster`
            : `job ${request.jobId} has ended, it is ${ended.status}; the JobManager has changed since, and that is all that is known`,
        );
    this.#reply(event, { type: 'refused', error: serializeError(error) });
  }

  async #recover(): Promise<void> {
    const { logger } = this.#environment;
    try {
      const jobs = await this.#store.recover();
      if (jobs.length > 0) logger.info('jobs recovered', { jobs: jobs.length });
      tell(this.actor, { type: 'recovered', jobs, ended: this.#store.ended.all() });
    } catch (error) {
      // Deposed meanwhile: they are the next leader's.
      if (this.actor.getSnapshot().status !== 'active') return;
      logger.error('jobs could not be recovered from the metadata store', { error });
      tell(this.actor, { type: 'recoveryFailed', error: serializeError(error, 'external') });
      // A node whose dispatcher leads nothing must end, so that another can take its place.
      this.#environment.onFatal(error, 'dispatcher');
    }
  }

  /** Starts a job that was submitted; whatever fails on the way refuses it. */
  async #start(jobId: JobId, obtain: () => Promise<PersistedJob>): Promise<void> {
    try {
      await this.#launch(jobId, obtain, true);
    } catch (error) {
      await this.#refuse(jobId, error);
    }
  }

  /** Starts a job of a leader before: it was accepted, so only what can never work ends it. */
  async #restart(job: PersistedJob): Promise<void> {
    const { clock, logger } = this.#environment;
    for (let pauseMs = RECOVERY_PAUSE_MIN_MS; ; pauseMs = Math.min(pauseMs * 2, RECOVERY_PAUSE_MAX_MS)) {
      try {
        return await this.#launch(job.jobId, () => Promise.resolve(job), false);
      } catch (error) {
        const hopeful =
          error instanceof DirectoryTakenError || (error instanceof MillraceError && error.retryable);
        if (!hopeful) return this.#refuse(job.jobId, error);
        logger.warn('a recovered job does not start yet', { jobId: job.jobId, pauseMs, error });
      }
      this.#waiting.set(job.jobId, 'waiting');
      await sleep(clock, pauseMs);
      const canceled = this.#waiting.get(job.jobId) === 'canceled';
      this.#waiting.delete(job.jobId);
      if (this.actor.getSnapshot().status !== 'active') return;
      if (canceled)
        return this.#refuse(job.jobId, new UserError('it was canceled before it could start again'));
    }
  }

  /**
   * @param isNew submitted now, not recovered
   * @throws what keeps the job from being loaded and started
   */
  async #launch(jobId: JobId, obtain: () => Promise<PersistedJob>, isNew: boolean): Promise<void> {
    const { tracing, scope } = this.#environment;
    const attributes = { 'millrace.job.id': jobId };
    const span = tracing.start('dispatcher start job', { parent: scope.current, attributes });
    try {
      const job = await obtain();
      const generated = await this.#options.loader.load(job.moduleSha256, job.configuration);
      await this.#ownDirectory(job, generated);
      const jobManager = this.#startJobManager(job, generated, span.context, !isNew);
      await this.#store.takeUp(job, isNew);
      // Deposed meanwhile: the next leader has found it.
      if (this.actor.getSnapshot().status !== 'active') return span.end();
      scope.within(span.context, () => {
        this.#jobManagers.set(jobId, jobManager());
        this.actor.send({ type: 'jobStarted', jobId, name: generated.jobGraph.name });
      });
      span.end();
    } catch (error) {
      span.end({ error: error as Error });
      throw error;
    }
  }

  /** @throws what kept its end from being noted: the next leader takes it up once more, and finds that there is nothing left to do */
  async #settle(ended: JobDetails): Promise<void> {
    const { jobId } = ended;
    try {
      await this.#store.settle(ended);
    } catch (error) {
      this.#environment.logger.error('the end of a job could not be noted in the metadata store', {
        jobId,
        error,
      });
      throw error;
    }
  }

  async #refuse(jobId: JobId, error: unknown): Promise<void> {
    const { logger } = this.#environment;
    logger.warn('job refused', { jobId, error });
    await this.#store
      .forget(jobId)
      .catch((failure: unknown) =>
        logger.error('refused job could not be removed from the metadata store', { jobId, error: failure }),
      );
    tell(this.actor, { type: 'jobRefused', jobId, error: serializeError(error) });
  }

  /** @throws DirectoryTakenError when the checkpoints of another cluster are where this job's are to be */
  async #ownDirectory(job: PersistedJob, generated: GeneratedJob<OperatorFactory>): Promise<void> {
    const { checkpoints, checkpointPlaces } = this.#options.jobSettings(job.configuration);
    const { directory } = checkpointPlaces;
    const intervalMs = generated.checkpointIntervalMs ?? checkpoints.intervalMs;
    if (directory !== undefined && intervalMs !== undefined && generated.batch !== true)
      await this.#options.directories.own(directory);
  }

  async #persist(
    jobId: JobId,
    request: Extract<ClientRequest, { type: 'submitJob' }>,
  ): Promise<PersistedJob> {
    const moduleSha256 = await this.#storeModule(request.module);
    return {
      jobId,
      moduleSha256,
      configuration: request.configuration ?? {},
      submittedAt: this.#environment.clock.now(),
    };
  }

  async #storeModule(module: JobModule): Promise<string> {
    if ('source' in module) return this.#options.artifacts.put(new TextEncoder().encode(module.source));
    if (await this.#options.artifacts.has(module.sha256)) return module.sha256;
    throw new UserError(
      `the artifact store has no module ${module.sha256}: upload it before submitting the job`,
    );
  }

  /** Everything that can be wrong is found before the job is persisted; the returned function then cannot fail. */
  #startJobManager(
    job: PersistedJob,
    generated: GeneratedJob<OperatorFactory>,
    trace: TraceContext | undefined,
    recovered: boolean,
  ): () => JobManagerHandle {
    const { jobId, submittedAt, moduleSha256, configuration } = job;
    const given = this.#options.jobSettings(configuration);
    const own = generated.checkpointIntervalMs ?? given.checkpoints.intervalMs;
    const intervalMs = generated.batch === true ? undefined : own;
    // With checkpoints, a job that fails goes on from the last one instead of meeting the same record for ever.
    const policy = intervalMs === undefined ? given.policy : { ...given.policy, retryUserFailures: true };
    const settings = { ...given, policy, checkpoints: { ...given.checkpoints, intervalMs } };
    const graph = buildExecutionGraph(generated.jobGraph);
    if (!isId(jobId)) throw new InternalError(`job id "${jobId}" was checked at the door`);
    const { epoch } = this.#options;
    return () =>
      startJobManager(this.#environment, {
        jobId,
        epoch,
        submittedAt,
        moduleSha256,
        configuration,
        graph,
        trace,
        recovered,
        batch: generated.batch === true,
        ...settings,
        createEnumerator: (vertexId, context, restored) =>
          enumeratorOf(sourceOf(generated, vertexId), context, restored),
        onEnded: (ended) => {
          // Not from within the job-manager's own transition.
          queueMicrotask(() => tell(this.actor, { type: 'jobEnded', summary: ended }));
          return this.#settle(ended);
        },
      });
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
