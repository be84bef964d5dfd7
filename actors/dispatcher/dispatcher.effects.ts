import { createActor } from 'xstate';
import type { Actor } from 'xstate';
import {
  MillraceError,
  NotFoundError,
  UserError,
  ExternalError,
  deserializeError,
  serializeError,
} from '../../src/base/errors.ts';
import type { Epoch, JobId } from '../../src/base/ids.ts';
import { RECOVERY_PAUSE_MAX_MS, RECOVERY_PAUSE_MIN_MS } from '../../src/base/limits.ts';
import { countSlots, slotsOf } from '../../src/control/slot-manager.ts';
import type { ArtifactStore, MetadataStore } from '../../src/ports/stores.ts';
import { DirectoryTakenError } from '../../src/state/snapshot/directory-owner.ts';
import { clientRequest } from '../../src/protocol/client-dispatcher.ts';
import type { ClientRequest, JobModule } from '../../src/protocol/client-dispatcher.ts';
import type { JobDetails } from '../../src/protocol/job-status.ts';
import type { JobManagerHandle } from '../job-manager/job-manager-options.ts';
import type { ActorEnvironment } from '../messaging/environment.ts';
import { reply, serve } from '../messaging/serve.ts';
import type { Caller } from '../messaging/serve.ts';
import { sleep } from '../messaging/ask.ts';
import { supervise } from '../messaging/supervise.ts';
import { sendIfActive } from '../messaging/send-if-active.ts';
import { xstateClock } from '../messaging/xstate-clock.ts';
import { dispatcherMachine } from './dispatcher.machine.ts';
import type { DispatcherContext, DispatcherEvent, PersistedJob } from './dispatcher.machine.ts';
import type { JobLoader } from '../messaging/job-loader.ts';
import type { DirectoryOwners } from './directory-owners.ts';
import { taskManagerInfos } from './task-manager-infos.ts';
import type { ClusterResources } from './task-manager-infos.ts';
import { JobLauncher } from './job-launcher.ts';
import type { LaunchOrigin, PreparedJob } from './job-launcher.ts';
import type { JobSettings } from './job-settings.ts';
import { JobStore } from './job-store.ts';
import type { LeftJob } from './job-store.ts';
import { endLeftCheckpoints } from '../job-manager/checkpoint-coordinator/left-checkpoints.ts';
import { keepsCheckpoints } from '../job-manager/job-manager-options.ts';
import { Rescaler } from './rescaler.ts';
import type { RescalableJob } from './rescaler.ts';
import { OPTIONS } from '../../src/config/options.ts';
import { defaultRequirements } from '../../src/control/rescale.ts';
import type { Parallelisms, ResourceRequirements } from '../../src/control/rescale.ts';
import { awaitsSlots } from '../../src/control/scheduler/decide.ts';

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

interface RunningJob {
  readonly prepared: PreparedJob;
  readonly logToken: string;
}

class Dispatcher implements DispatcherHandle {
  readonly actor: Actor<typeof dispatcherMachine>;
  readonly #environment: ActorEnvironment;
  readonly #options: DispatcherOptions;
  readonly #jobManagers = new Map<JobId, JobManagerHandle>();
  readonly #store: JobStore;
  readonly #launcher: JobLauncher;
  readonly #rescaler: Rescaler;
  /** Jobs that have not ended. */
  readonly #running = new Map<JobId, RunningJob>();
  /** Recovered jobs that did not start, until they are tried again; and whether somebody has canceled them. */
  readonly #waiting = new Map<JobId, 'waiting' | 'canceled'>();
  readonly #stopServing: () => void;

  constructor(environment: ActorEnvironment, options: DispatcherOptions) {
    this.#environment = environment;
    this.#options = options;
    const { epoch, endedJobsKept, metadata } = options;
    this.#store = new JobStore(metadata, epoch, environment.logger);
    this.#launcher = new JobLauncher(environment, options);
    this.#rescaler = new Rescaler(environment, {
      jobs: () => this.#rescalableJobs(),
      usableSlots: (jobId) => {
        const { slots } = options.resources();
        const held = this.#jobManagers.get(jobId)?.actor.getSnapshot().context.scheduler.slots.size ?? 0;
        return Math.max(held, slotsOf(slots, jobId)) + countSlots(slots).available;
      },
      keepRequirements: (jobId, requirements) => this.#keepRequirements(jobId, requirements),
      rescale: (jobId, parallelisms) => this.#rescale(jobId, parallelisms),
    });
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
    this.#rescaler.stop();
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
          this.#rescaler.forget(jobId);
          // In this order: a job without a noted end runs again.
          void this.#forget(jobId, () => this.#store.ended.forget(jobId));
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
      request.type !== 'updateResourceRequirements' &&
      request.type !== 'requestRescaling' &&
      request.type !== 'triggerSnapshot' &&
      request.type !== 'requestSnapshotStatus' &&
      request.type !== 'fetchResults'
    )
      return;
    const jobManager = this.#jobManagers.get(request.jobId);
    if (jobManager !== undefined) {
      if (request.type === 'updateResourceRequirements' || request.type === 'requestRescaling')
        return void this.#aboutRescaling(jobManager, request, caller);
      // Not from within this transition: it is another machine's. By then the job may have another job-manager.
      return queueMicrotask(() => this.#jobManagers.get(request.jobId)?.handle(request, caller));
    }
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

  async #aboutRescaling(
    jobManager: JobManagerHandle,
    request: Extract<ClientRequest, { type: 'updateResourceRequirements' | 'requestRescaling' }>,
    caller: Caller,
  ): Promise<void> {
    const { jobId } = request;
    try {
      if (request.type === 'updateResourceRequirements') {
        await this.#rescaler.require(jobId, request.requirements);
        return reply(this.#environment, caller, { type: 'requirementsUpdated', jobId });
      }
      const { jobGraph } = jobManager.actor.getSnapshot().context.graph;
      reply(this.#environment, caller, {
        type: 'rescaling',
        rescaling: this.#rescaler.rescaling(jobId, jobGraph),
      });
    } catch (error) {
      reply(this.#environment, caller, { type: 'refused', error: serializeError(error) });
    }
  }

  async #recover(): Promise<void> {
    const { logger } = this.#environment;
    try {
      const { jobs, left } = await this.#store.recover();
      if (jobs.length > 0) logger.info('jobs recovered', { jobs: jobs.length });
      sendIfActive(this.actor, { type: 'recovered', jobs, ended: this.#store.ended.all() });
      for (const job of left) void this.#endLeft(job);
    } catch (error) {
      // Deposed meanwhile: they are the next leader's.
      if (this.actor.getSnapshot().status !== 'active') return;
      logger.error('jobs could not be recovered from the metadata store', { error });
      sendIfActive(this.actor, { type: 'recoveryFailed', error: serializeError(error, 'external') });
      // A node whose dispatcher leads nothing must end, so that another can take its place.
      this.#environment.onFatal(error, 'dispatcher');
    }
  }

  /** What the leader of a job that has ended did not come to: otherwise its checkpoints would stay for ever. */
  async #endLeft({ job, status }: LeftJob): Promise<void> {
    const { jobId, configuration } = job;
    try {
      const { retention, checkpointPlaces: places } = this.#options.jobSettings(configuration);
      const left = { jobId, places, keep: keepsCheckpoints(retention, status) };
      const token = this.#environment.random.hex(16);
      const removed = await endLeftCheckpoints(this.#environment, left, this.#options.epoch, token);
      if (removed) await this.#store.forget(jobId);
    } catch (error) {
      this.#environment.logger.warn('checkpoints of an ended job are left to the next leader', {
        jobId,
        error,
      });
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
      const prepared = await this.#launcher.prepare(await obtain());
      await this.#store.takeUp(prepared.job, isNew);
      // Deposed meanwhile: the next leader has found it.
      if (this.actor.getSnapshot().status !== 'active') return span.end();
      const origin = { recovered: !isNew, suspended: undefined, trace: span.context };
      scope.within(span.context, () => {
        this.#run(prepared, { ...origin, logToken: this.#environment.random.hex(16) });
        this.actor.send({ type: 'jobStarted', jobId, name: prepared.generated.jobGraph.name });
      });
      span.end();
    } catch (error) {
      span.end({ error: error as Error });
      throw error;
    }
  }

  #run(prepared: PreparedJob, origin: Omit<LaunchOrigin, 'onEnded' | 'onCheckpointsRemoved'>): void {
    const { job } = prepared;
    const handle = this.#launcher.start(prepared, {
      ...origin,
      onEnded: (ended) => {
        // Not from within the job-manager's own transition.
        queueMicrotask(() => sendIfActive(this.actor, { type: 'jobEnded', summary: ended }));
        this.#running.delete(job.jobId);
        return this.#settle(ended);
      },
      onCheckpointsRemoved: () => void this.#forget(job.jobId),
    });
    this.#jobManagers.set(job.jobId, handle);
    this.#running.set(job.jobId, { prepared, logToken: origin.logToken });
  }

  /**
   * Has a job go on with another parallelism, under another job-manager: from a checkpoint that is taken now, if it runs.
   * @throws what keeps it from that, as long as it runs as before
   */
  async #rescale(jobId: JobId, parallelisms: Parallelisms): Promise<void> {
    const running = this.#runningJob(jobId);
    const { jobManager } = running;
    const { job } = running.prepared;
    const overrides = [...parallelisms].map(([id, n]) => `${id}:${n}`).join(',');
    const configuration = { ...job.configuration, [OPTIONS.parallelismOverrides.key]: overrides };
    // What it may have stays what it was built with.
    const requirements = job.requirements ?? defaultRequirements(running.prepared.generated.jobGraph);
    const next = await this.#launcher.prepare({ ...job, configuration, requirements });
    if (!awaitsSlots(jobManager.actor.getSnapshot().context.scheduler)) {
      const failure = await jobManager.checkpoint();
      if (failure !== undefined) throw deserializeError(failure);
    }
    // From here on the next leader, too, would run it so.
    await this.#store.takeUp(next.job, false);
    const suspended = await jobManager.suspend();
    if (suspended === undefined || this.actor.getSnapshot().status !== 'active') return;
    jobManager.stop();
    this.#run(next, { recovered: true, suspended, logToken: running.logToken, trace: undefined });
  }

  async #keepRequirements(jobId: JobId, requirements: ResourceRequirements): Promise<void> {
    const { prepared, logToken } = this.#runningJob(jobId);
    const job = { ...prepared.job, requirements };
    await this.#store.takeUp(job, false);
    this.#running.set(jobId, { prepared: { ...prepared, job }, logToken });
  }

  /** @throws NotFoundError */
  #runningJob(jobId: JobId): RunningJob & { readonly jobManager: JobManagerHandle } {
    const running = this.#running.get(jobId);
    const jobManager = this.#jobManagers.get(jobId);
    if (running === undefined || jobManager === undefined)
      throw new NotFoundError(`job ${jobId} does not run`);
    return { ...running, jobManager };
  }

  #rescalableJobs(): ReadonlyMap<JobId, RescalableJob> {
    const jobs = new Map<JobId, RescalableJob>();
    for (const [jobId, { prepared }] of this.#running) {
      const scheduler = this.#jobManagers.get(jobId)?.actor.getSnapshot().context.scheduler;
      const { settings, generated, job } = prepared;
      if (scheduler === undefined || settings.rescale === undefined || generated.batch === true) continue;
      jobs.set(jobId, { scheduler, settings, requirements: job.requirements });
    }
    return jobs;
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

  async #forget(jobId: JobId, andThen: () => Promise<void> = () => Promise.resolve()): Promise<void> {
    try {
      await this.#store.forget(jobId);
      await andThen();
    } catch (error) {
      this.#environment.logger.warn('an ended job stays in the metadata store', { jobId, error });
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
    sendIfActive(this.actor, { type: 'jobRefused', jobId, error: serializeError(error) });
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
}
