import { createActor } from 'xstate';
import type { Actor } from 'xstate';
import { assert } from '../../src/base/assert.ts';
import { serializeError } from '../../src/base/errors.ts';
import type { SerializedError } from '../../src/base/errors.ts';
import { isActive } from '../../src/control/scheduler/decide.ts';
import type { TimerHandle } from '../../src/ports/clock.ts';
import type { MetricSamples } from '../../src/protocol/metrics.ts';
import { jobManagerRequest } from '../../src/protocol/job-manager.ts';
import type { JobDetails, JobSummary } from '../../src/protocol/job-status.ts';
import type { ActorEnvironment } from '../messaging/environment.ts';
import { every } from '../messaging/every.ts';
import { reply, serve } from '../messaging/serve.ts';
import type { Caller } from '../messaging/serve.ts';
import { supervise } from '../messaging/supervise.ts';
import { sendIfActive } from '../messaging/send-if-active.ts';
import { xstateClock } from '../messaging/xstate-clock.ts';
import { Heartbeats } from './heartbeats.ts';
import { hasEnded, jobDetails, jobSummary } from './job-details.ts';
import { jobManagerMachine } from './job-manager.machine.ts';
import type { JobClientRequest, JobManagerContext, JobManagerEvent } from './job-manager.machine.ts';
import { perform } from './perform.ts';
import type { Performer } from './performer.ts';
import { ResultBuffer } from './result-buffer.ts';
import { checkpointsUri } from './checkpoint-coordinator/checkpoint-places.ts';
import { CheckpointLink } from './checkpoint-link.ts';
import { Children } from './children.ts';
import { JobMetrics, sourceFigures } from './job-metrics.ts';
import { answerToClient } from './client-answers.ts';
import type { JobKnowledge } from './client-answers.ts';
import { keepsCheckpoints } from './job-manager-options.ts';
import type { JobManagerHandle, JobManagerOptions, SuspendedJob } from './job-manager-options.ts';
import { JobHistory } from './job-history.ts';
import { JobTrace } from './job-trace.ts';
import { WatermarkReports } from './watermark-reports.ts';
import { provideSourceCoordinator } from './source-coordinator/source-coordinator.effects.ts';
import type {
  CreateEnumerator,
  SourceCoordinators,
} from './source-coordinator/source-coordinator.effects.ts';

/** Starts the job-manager of one job on its subject. */
export function startJobManager(environment: ActorEnvironment, options: JobManagerOptions): JobManagerHandle {
  return new JobManager(environment, options);
}

/** Ticks while a job waits for slots are closer than heartbeats, so that a started TaskManager is used at once. */
const TICK_MS = 500;
/** How often it is looked whether a checkpoint is due. */
const CHECKPOINT_TICK_MS = 50;

class JobManager implements JobManagerHandle {
  readonly actor: Actor<typeof jobManagerMachine>;
  readonly #environment: ActorEnvironment;
  readonly #options: JobManagerOptions;
  readonly results: ResultBuffer;
  readonly #heartbeats: Heartbeats;
  readonly #checkpoints: CheckpointLink;
  readonly #watermarks: WatermarkReports;
  readonly #trace: JobTrace;
  readonly #metrics: JobMetrics;
  readonly #history: JobHistory;
  readonly #children = new Children(() => this.actor);
  readonly #stopServing: () => void;
  readonly #suspension = Promise.withResolvers<void>();
  #endedAt: number | undefined;
  #timers: readonly (() => void)[] = [];
  readonly #delayed = new Set<TimerHandle>();

  constructor(environment: ActorEnvironment, options: JobManagerOptions) {
    this.#environment = environment;
    this.#options = options;
    const {
      createEnumerator,
      heartbeat,
      cancellationTimeoutMs,
      checkpointPlaces: _checkpointPlaces,
      retention: _retention,
      statusMetrics: _statusMetrics,
      failuresKept,
      checkpointsShown: _checkpointsShown,
      batch: _batch,
      trace,
      onEnded: _onEnded,
      onCheckpointsRemoved: _onCheckpointsRemoved,
      recovered,
      suspended,
      logToken: _logToken,
      ...input
    } = options;
    const origin = suspended?.origin ?? { recovered };
    this.results = suspended?.results ?? new ResultBuffer();
    const job = { jobId: options.jobId, name: options.graph.jobGraph.name };
    this.#history = suspended?.history ?? new JobHistory(options.submittedAt, failuresKept);
    this.#trace = new JobTrace(environment.tracing, job, trace);
    this.#watermarks = new WatermarkReports(options.graph);
    const performer = this.#performer(cancellationTimeoutMs);
    const sources = this.#sourceCoordinators(performer, createEnumerator);
    this.#metrics = this.#newMetrics(sources);
    if (suspended !== undefined)
      this.#metrics.observe({ type: 'announceJob', from: 'RUNNING', to: 'RESTARTING' });
    this.#checkpoints = this.#checkpointLink(performer, sources);
    this.actor = createActor(this.#provide(performer, sources), {
      input: { ...input, origin },
      clock: xstateClock(environment.clock),
    });
    this.#heartbeats = new Heartbeats(performer, heartbeat);
    const subject = environment.subjects.jobManager(options.jobId);
    const subscription = serve(environment, subject, jobManagerRequest, (request, caller) =>
      this.actor.send({ type: 'requested', request, caller, moment: performer.moment() }),
    );
    this.#stopServing = () => subscription.close();
    supervise(environment, this.actor, `job-manager ${options.jobId}`);
    this.actor.start();
    const { clock } = environment;
    this.#timers = [
      every(clock, TICK_MS, () => this.actor.send({ type: 'ticked', moment: performer.moment() })),
      every(clock, heartbeat.intervalMs, () => this.#heartbeats.tick()),
      every(clock, CHECKPOINT_TICK_MS, () => this.#checkpoints.tick()),
    ];
    if (hasEnded(this.#context())) this.#stopTimers();
  }

  summary(): JobSummary {
    return jobSummary(this.#context(), this.#history, this.#endedAt);
  }

  handle(request: JobClientRequest, caller: Caller): void {
    this.actor.send({ type: 'clientRequested', request, caller });
  }

  collectMetrics(now: number): MetricSamples[] {
    return hasEnded(this.#context()) ? [] : this.#metrics.collect(now);
  }

  checkpoint(): Promise<SerializedError | undefined> {
    return this.#checkpoints.take();
  }

  async suspend(): Promise<SuspendedJob | undefined> {
    this.actor.send({ type: 'suspend' });
    await this.#suspension.promise;
    await this.#checkpoints.coordinator.abandon();
    const { scheduler } = this.#context();
    if (scheduler.purpose !== 'suspended' || scheduler.status !== 'RESTARTING') return undefined;
    const { slots, restarts, history, failure, regions, recovered } = scheduler;
    const firstAttempt = Math.max(...regions.map(({ attempt }) => attempt)) + 1;
    return {
      origin: {
        recovered,
        rescaled: { firstAttempt, slots: [...slots.values()], restarts, history, failure },
      },
      history: this.#history,
      checkpointHistory: this.#checkpoints.coordinator.reports.history,
      orders: this.#checkpoints.orders.results,
      results: this.results,
    };
  }

  collectIds(): readonly string[] {
    return this.results.ids();
  }

  stop(): void {
    this.#stopTimers();
    this.#stopServing();
    if (!hasEnded(this.#context())) {
      void this.#checkpoints.coordinator.abandon();
      this.#closeChildren();
    }
    this.actor.stop();
  }

  #knowledge(): JobKnowledge {
    return {
      history: this.#history,
      results: this.results,
      checkpoints: this.#checkpoints.coordinator.reports.history,
      orders: this.#checkpoints.orders,
      batch: this.#options.batch,
      endedAt: this.#endedAt,
    };
  }

  #closeChildren(): void {
    this.#children.closeSources(this.#options.graph.jobGraph);
    this.#checkpoints.send({ type: 'close' });
  }

  #newMetrics(sources: SourceCoordinators): JobMetrics {
    const { jobId, graph, batch, statusMetrics, checkpoints } = this.#options;
    return new JobMetrics(this.#environment, {
      jobId,
      jobName: graph.jobGraph.name,
      batch,
      statusMetrics,
      restarts: () => this.#context().scheduler.restarts,
      checkpointTimeoutMs: checkpoints.timeoutMs,
      sources: sourceFigures(graph.jobGraph, sources),
      checkpoints: () => this.#checkpoints.figures(),
    });
  }

  #stopTimers(): void {
    for (const stop of this.#timers) stop();
    this.#timers = [];
    for (const timer of this.#delayed) this.#environment.clock.clearTimeout(timer);
    this.#delayed.clear();
  }

  #context(): JobManagerContext {
    return this.actor.getSnapshot().context;
  }

  #performer(cancellationTimeoutMs: number): Performer {
    const { clock, random } = this.#environment;
    const performer: Performer = {
      environment: this.#environment,
      results: this.results,
      cancellationTimeoutMs,
      context: () => this.#context(),
      send: (event) => sendIfActive(this.actor, event),
      moment: () => ({ now: clock.monotonic(), random: random.next() }),
      later: (delayMs, act) => {
        const timer = clock.setTimeout(() => {
          this.#delayed.delete(timer);
          act();
        }, delayMs);
        this.#delayed.add(timer);
      },
      restoreLocation: () => this.#checkpoints.coordinator.restoreLocation(),
      checkpointsUri:
        this.#options.checkpointPlaces.directory === undefined
          ? ''
          : checkpointsUri(this.#options.checkpointPlaces, this.#options.jobId),
      hasRestorePoint: () => this.#checkpoints.coordinator.hasRestorePoint,
      discardSplits: (vertexId, subtasks, attempt) =>
        this.#children.source(vertexId)?.send({ type: 'attemptDiscarded', subtasks, attempt }),
      onceDecided: (act) => this.#checkpoints.coordinator.onceDecided(act),
      suspended: () => this.#suspension.resolve(),
    };
    return performer;
  }

  #sourceCoordinators(performer: Performer, createEnumerator: CreateEnumerator): SourceCoordinators {
    return provideSourceCoordinator(this.#environment, {
      createEnumerator,
      restoredSplits: (vertexId) => this.#checkpoints.coordinator.restoredSplits(vertexId),
      isActive: (vertexId, subtaskIndex, attempt) =>
        !hasEnded(this.#context()) &&
        isActive(this.#context().scheduler, { vertexId, subtaskIndex, attempt }),
      onFailed: (vertexId, error) =>
        this.actor.send({ type: 'sourceFailed', vertexId, error, moment: performer.moment() }),
    });
  }

  #checkpointLink(performer: Performer, sources: SourceCoordinators): CheckpointLink {
    return new CheckpointLink(this.#environment, this.#options, sources, {
      context: () => this.#context(),
      child: () => this.#children.checkpoints,
      onFailed: (error) =>
        sendIfActive(this.actor, { type: 'checkpointsFailed', error, moment: performer.moment() }),
      onRestoreFailed: (error) => sendIfActive(this.actor, { type: 'restoreFailed', error }),
    });
  }

  #provide(performer: Performer, sources: SourceCoordinators): typeof jobManagerMachine {
    const environment = this.#environment;
    return jobManagerMachine.provide({
      actors: { source: sources.machine, checkpoints: this.#checkpoints.coordinator.machine },
      actions: {
        perform: ({ context }, { effect }) => {
          this.#history.observe(effect, environment.clock.now());
          this.#trace.observe(effect, context.scheduler);
          this.#metrics.observe(effect);
          if (effect.type === 'announceJob') this.#checkpoints.giveUpOwn();
          environment.scope.within(this.#trace.context, () => perform(performer, context, effect));
        },
        replyAcknowledged: ({ event }) => this.#reply(event, { type: 'acknowledged' }),
        replyFenced: ({ context, event }) => {
          environment.refusals.stale++;
          this.#reply(event, { type: 'fenced', epoch: context.epoch });
        },
        replyOffers: ({ event }, { accepted }) => this.#reply(event, { type: 'slotsAccepted', accepted }),
        tellOfStopped: ({ context }, { refs }) => {
          this.#watermarks.without(context.scheduler, refs);
          const now = environment.clock.monotonic();
          this.#checkpoints.send({ type: 'subtasksStopped', refs, now });
        },
        tellOfFinished: ({ context }, { refs }) => {
          this.#watermarks.without(context.scheduler, refs);
          this.#checkpoints.send({ type: 'subtasksFinished', refs, now: environment.clock.monotonic() });
        },
        forwardToCheckpoints: ({ context, event }) => {
          if (event.type === 'requested') this.#checkpoints.forward(context, event.request);
        },
        takeRows: ({ context, event }) => this.#takeRows(context, event, performer),
        alignWatermarks: ({ context, event }) => this.#alignWatermarks(context, event),
        replyToClient: ({ context, event }) => {
          if (event.type === 'clientRequested')
            reply(environment, event.caller, answerToClient(context, event.request, this.#knowledge()));
        },
        jobEnded: ({ context }) => {
          this.#suspension.resolve();
          this.#endedAt = environment.clock.now();
          this.#stopTimers();
          const job = jobDetails(context, this.#history, this.#endedAt, this.results.size);
          const settled = this.#options.onEnded(job);
          void this.#endCheckpoints(job, settled);
          this.#closeChildren();
        },
      },
    });
  }

  async #endCheckpoints({ status }: JobDetails, settled: Promise<void>): Promise<void> {
    const { retention, onCheckpointsRemoved } = this.#options;
    if (await this.#checkpoints.coordinator.end(keepsCheckpoints(retention, status), settled))
      onCheckpointsRemoved();
  }

  #reply(
    event: JobManagerEvent,
    message: { readonly type: string; readonly [field: string]: unknown },
  ): void {
    if (event.type === 'requested') reply(this.#environment, event.caller, message);
  }

  #alignWatermarks(context: JobManagerContext, event: JobManagerEvent): void {
    assert(
      event.type === 'requested' && event.request.type === 'reportWatermark',
      'only watermarks are aligned',
    );
    const answer = this.#watermarks.take(context.scheduler, event.request, event.moment.now);
    if (answer === undefined) this.#environment.refusals.stale++;
    this.#reply(event, answer ?? { type: 'acknowledged' });
  }

  #takeRows(context: JobManagerContext, event: JobManagerEvent, performer: Performer): void {
    assert(event.type === 'requested' && event.request.type === 'collectRows', 'only rows are taken');
    const { vertexId } = event.request;
    if (isActive(context.scheduler, event.request)) {
      try {
        this.results.add(event.request);
      } catch (error) {
        this.actor.send({
          type: 'sourceFailed',
          vertexId,
          error: serializeError(error),
          moment: performer.moment(),
        });
      }
    }
    this.#reply(event, { type: 'acknowledged' });
  }
}
