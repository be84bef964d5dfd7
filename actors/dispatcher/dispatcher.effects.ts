import { createActor } from 'xstate';
import type { Actor } from 'xstate';
import { ExternalError, serializeError } from '../../src/base/errors.ts';
import type { Epoch, JobId } from '../../src/base/ids.ts';
import { countSlots } from '../../src/control/slot-manager.ts';
import type { ArtifactStore, MetadataStore } from '../../src/ports/stores.ts';
import { clientRequest } from '../../src/protocol/client-dispatcher.ts';
import type { JobManagerHandle } from '../job-manager/job-manager-options.ts';
import type { ActorEnvironment } from '../messaging/environment.ts';
import type { JobLoader } from '../messaging/job-loader.ts';
import { reply, serve } from '../messaging/serve.ts';
import type { Message } from '../messaging/serve.ts';
import { sendIfActive } from '../messaging/send-if-active.ts';
import { supervise } from '../messaging/supervise.ts';
import { xstateClock } from '../messaging/xstate-clock.ts';
import { AdaptiveJobs } from './adaptive-jobs.ts';
import type { DirectoryOwners } from './directory-owners.ts';
import { dispatcherMachine } from './dispatcher.machine.ts';
import type { DispatcherContext, DispatcherEvent } from './dispatcher.machine.ts';
import { JobEnds } from './job-ends.ts';
import { JobLauncher } from './job-launcher.ts';
import { JobManagers } from './job-managers.ts';
import { JobRequests } from './job-requests.ts';
import type { JobSettings } from './job-settings.ts';
import { JobStarter } from './job-starter.ts';
import { JobStore } from './job-store.ts';
import { Rescaler } from './rescaler.ts';
import { taskManagerInfos } from './task-manager-infos.ts';
import type { ClusterResources } from './task-manager-infos.ts';

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

class Dispatcher implements DispatcherHandle {
  readonly actor: Actor<typeof dispatcherMachine>;
  readonly #environment: ActorEnvironment;
  readonly #options: DispatcherOptions;
  readonly #store: JobStore;
  readonly #ends: JobEnds;
  readonly #jobManagers: JobManagers;
  readonly #starter: JobStarter;
  readonly #rescaler: Rescaler;
  readonly #requests: JobRequests;
  readonly #stopServing: () => void;

  constructor(environment: ActorEnvironment, options: DispatcherOptions) {
    this.#environment = environment;
    this.#options = options;
    const { epoch, endedJobsKept, metadata, artifacts } = options;
    const newJobId = (): JobId => environment.random.hex(16) as JobId;
    this.actor = createActor(this.#provide(), {
      input: { epoch, endedJobsKept, newJobId },
      clock: xstateClock(environment.clock),
    });
    const store = new JobStore(metadata, epoch, environment.logger);
    const ends = new JobEnds(environment, store, options);
    const launcher = new JobLauncher(environment, options);
    const jobManagers = new JobManagers(launcher, ends, (summary) =>
      // Not from within the job-manager's own transition.
      queueMicrotask(() => sendIfActive(this.actor, { type: 'jobEnded', summary })),
    );
    const adaptive = new AdaptiveJobs(jobManagers, launcher, store, () => options.resources());
    const dispatcher = this.actor;
    const starter = new JobStarter(environment, { artifacts, store, launcher, jobManagers, dispatcher });
    const rescaler = new Rescaler(environment, adaptive);
    this.#store = store;
    this.#ends = ends;
    this.#jobManagers = jobManagers;
    this.#starter = starter;
    this.#rescaler = rescaler;
    this.#requests = new JobRequests(environment, { jobManagers, starter, rescaler, ended: store.ended });
    this.#stopServing = this.#serve();
    supervise(environment, this.actor, 'dispatcher');
    this.actor.start();
  }

  jobManager(jobId: JobId): JobManagerHandle | undefined {
    return this.#jobManagers.get(jobId);
  }

  jobManagers(): Iterable<JobManagerHandle> {
    return this.#jobManagers.all();
  }

  stop(): void {
    this.#stopServing();
    this.#rescaler.stop();
    this.actor.send({ type: 'stop' });
  }

  #serve(): () => void {
    const subject = this.#environment.subjects.dispatcher();
    const subscription = serve(this.#environment, subject, clientRequest, (request, caller) =>
      this.actor.send({ type: 'requested', request, caller }),
    );
    return () => subscription.close();
  }

  #provide(): typeof dispatcherMachine {
    const environment = this.#environment;
    return dispatcherMachine.provide({
      actions: {
        recoverJobs: () => void this.#recover(),
        startJob: (_, { jobId, request }) => void this.#starter.start(jobId, request),
        restartJob: (_, { job }) => void this.#starter.restart(job),
        replySubmitted: (_, { jobId, name, callers }) => {
          for (const caller of callers) reply(environment, caller, { type: 'jobSubmitted', jobId, name });
        },
        replyRefused: (_, { error, callers }) => {
          for (const caller of callers) reply(environment, caller, { type: 'refused', error });
        },
        forwardToJob: ({ context, event }) => this.#forward(context, event),
        replyJobList: ({ event }) => {
          const jobs = [...this.#jobManagers.all()].map((jobManager) => jobManager.summary());
          this.#reply(event, { type: 'jobList', jobs: [...this.#store.ended.all(), ...jobs] });
        },
        replyOverview: ({ context, event }) => this.#reply(event, this.#overview(context)),
        replyTaskManagers: ({ event }) => {
          const taskManagers = taskManagerInfos(this.#options.resources(), environment.clock);
          this.#reply(event, { type: 'taskManagerList', taskManagers });
        },
        refuseNotLeading: ({ event }) => {
          const error = new ExternalError('the dispatcher is still recovering its jobs: try again');
          this.#reply(event, { type: 'refused', error: serializeError(error) });
        },
        forgetJob: (_, { jobId }) => {
          this.#jobManagers.forget(jobId);
          this.#rescaler.forget(jobId);
          void this.#ends.forgetEnd(jobId);
        },
        stopAll: () => this.#jobManagers.stopAll(),
      },
    });
  }

  #reply(event: DispatcherEvent, message: Message): void {
    if (event.type === 'requested') reply(this.#environment, event.caller, message);
  }

  #overview({ epoch }: DispatcherContext): Message {
    const { slots } = this.#options.resources();
    const { total, available } = countSlots(slots);
    const rest = this.#options.restUrl();
    return {
      type: 'clusterOverview',
      epoch,
      taskManagers: slots.taskManagers.size,
      slotsTotal: total,
      slotsAvailable: available,
      ...(rest === undefined ? {} : { rest }),
    };
  }

  #forward({ jobs }: DispatcherContext, event: DispatcherEvent): void {
    if (event.type !== 'requested') return;
    const { request, caller } = event;
    if ('jobId' in request && request.type !== 'submitJob')
      this.#requests.take(request, caller, jobs.get(request.jobId)?.state === 'submitting');
  }

  async #recover(): Promise<void> {
    const { logger } = this.#environment;
    try {
      const { jobs, left } = await this.#store.recover();
      if (jobs.length > 0) logger.info('jobs recovered', { jobs: jobs.length });
      sendIfActive(this.actor, { type: 'recovered', jobs, ended: this.#store.ended.all() });
      for (const job of left) void this.#ends.finish(job);
    } catch (error) {
      // Deposed meanwhile: they are the next leader's.
      if (this.actor.getSnapshot().status !== 'active') return;
      logger.error('jobs could not be recovered from the metadata store', { error });
      sendIfActive(this.actor, { type: 'recoveryFailed', error: serializeError(error, 'external') });
      // A node whose dispatcher leads nothing must end, so that another can take its place.
      this.#environment.onFatal(error, 'dispatcher');
    }
  }
}
