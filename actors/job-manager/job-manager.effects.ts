import { createActor } from 'xstate';
import type { Actor, ActorRefFrom } from 'xstate';
import { assert } from '../../src/base/assert.ts';
import { serializeError } from '../../src/base/errors.ts';
import type { SerializedError } from '../../src/base/errors.ts';
import type { VertexId } from '../../src/base/ids.ts';
import { isActive } from '../../src/control/scheduler/decide.ts';
import { CheckpointHistory } from '../../src/control/checkpoints/history.ts';
import type { ExecutionRef } from '../../src/control/scheduler/state.ts';
import { WatermarkAlignment } from '../../src/control/watermark-alignment.ts';
import type { TimerHandle } from '../../src/ports/clock.ts';
import type { MetricSamples } from '../../src/protocol/metrics.ts';
import { jobManagerRequest } from '../../src/protocol/job-manager.ts';
import type { JobManagerRequest } from '../../src/protocol/job-manager.ts';
import type { JobSummary } from '../../src/protocol/job-status.ts';
import type { ActorEnvironment } from '../messaging/environment.ts';
import { every } from '../messaging/every.ts';
import { reply, serve } from '../messaging/serve.ts';
import type { Caller } from '../messaging/serve.ts';
import { supervise } from '../messaging/supervise.ts';
import { sendIfActive } from '../messaging/send-if-active.ts';
import { xstateClock } from '../messaging/xstate-clock.ts';
import { Heartbeats } from './heartbeats.ts';
import { hasEnded, jobDetails, jobSummary } from './job-details.ts';
import { CHECKPOINTS, jobManagerMachine, sourceActorId } from './job-manager.machine.ts';
import type { JobClientRequest, JobManagerContext, JobManagerEvent } from './job-manager.machine.ts';
import { freeSlot, perform } from './perform.ts';
import type { Performer } from './perform.ts';
import { ResultBuffer } from './result-buffer.ts';
import { CheckpointCoordinator } from './checkpoint-coordinator/checkpoint-coordinator.effects.ts';
import { checkpointsUri } from './checkpoint-coordinator/checkpoint-places.ts';
import type { CheckpointPlaces } from './checkpoint-coordinator/checkpoint-places.ts';
import type {
  CheckpointCoordinatorEvent,
  checkpointCoordinatorMachine,
} from './checkpoint-coordinator/checkpoint-coordinator.machine.ts';
import { JobMetrics } from './job-metrics.ts';
import type { JobMetricsOptions } from './job-metrics.ts';
import { answerToClient } from './client-answers.ts';
import type { JobKnowledge } from './client-answers.ts';
import { keepsCheckpoints } from './job-manager-options.ts';
import type { JobManagerHandle, JobManagerOptions, SuspendedJob } from './job-manager-options.ts';
import { JobHistory } from './job-history.ts';
import { JobTrace } from './job-trace.ts';
import { jobView } from './job-view.ts';
import { NOT_RUNNING, OwnCheckpoints } from './own-checkpoints.ts';
import { SnapshotOrders } from './snapshot-orders.ts';
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
  readonly #checkpoints: CheckpointCoordinator;
  readonly #alignment: WatermarkAlignment;
  readonly #trace: JobTrace;
  readonly #metrics: JobMetrics;
  readonly #history: JobHistory;
  readonly #stopServing: () => void;
  readonly #orders: SnapshotOrders;
  readonly #own = new OwnCheckpoints((request) =>
    this.#toCheckpoints({ type: 'snapshotRequested', request }),
  );
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
      checkpointPlaces,
      retention: _retention,
      statusMetrics,
      failuresKept,
      checkpointsShown: _checkpointsShown,
      batch: _batch,
      trace,
      onEnded: _onEnded,
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
    this.#orders = new SnapshotOrders({
      jobId: options.jobId,
      savepointDirectory: checkpointPlaces.savepointDirectory,
      random: environment.random,
      results: suspended?.orders ?? new Map(),
      begin: (request) => this.#toCheckpoints({ type: 'snapshotRequested', request }),
    });
    this.#alignment = new WatermarkAlignment(options.graph.jobGraph);
    const performer = this.#performer(cancellationTimeoutMs);
    const sources = this.#sourceCoordinators(performer, createEnumerator);
    this.#metrics = this.#newMetrics(statusMetrics, sources);
    if (suspended !== undefined)
      this.#metrics.observe({ type: 'announceJob', from: 'RUNNING', to: 'RESTARTING' });
    this.#checkpoints = this.#checkpointCoordinator(performer, sources, checkpointPlaces);
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
      every(clock, CHECKPOINT_TICK_MS, () => this.#tickCheckpoints()),
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

  async checkpoint(): Promise<SerializedError | undefined> {
    if (this.#context().scheduler.status !== 'RUNNING') return NOT_RUNNING;
    return this.#own.take(`own-${this.#environment.random.hex(8)}`);
  }

  async suspend(): Promise<SuspendedJob | undefined> {
    this.actor.send({ type: 'suspend' });
    await this.#suspension.promise;
    await this.#checkpoints.abandon();
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
      checkpointHistory: this.#checkpoints.history,
      orders: this.#orders.results,
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
      void this.#checkpoints.abandon();
      this.#closeChildren();
    }
    this.actor.stop();
  }

  #knowledge(): JobKnowledge {
    return {
      history: this.#history,
      results: this.results,
      checkpoints: this.#checkpoints,
      orders: this.#orders,
      batch: this.#options.batch,
      endedAt: this.#endedAt,
    };
  }

  #closeChildren(): void {
    for (const { id, isSource } of this.#options.graph.jobGraph.vertices)
      if (isSource) this.#source(id)?.send({ type: 'close' });
    this.#toCheckpoints({ type: 'close' });
  }

  #newMetrics(statusMetrics: JobMetricsOptions['statusMetrics'], sources: SourceCoordinators): JobMetrics {
    return new JobMetrics(this.#environment, {
      jobId: this.#options.jobId,
      jobName: this.#options.graph.jobGraph.name,
      batch: this.#options.batch,
      statusMetrics,
      restarts: () => this.#context().scheduler.restarts,
      checkpointTimeoutMs: this.#options.checkpoints.timeoutMs,
      sources: this.#options.graph.jobGraph.vertices.flatMap(({ id, name, isSource, operators: [head] }) => {
        if (!isSource || head === undefined) return [];
        const unassignedSplits = (): number | undefined => sources.unassignedSplits(id);
        const operator = { operatorId: head.id, operatorName: head.name };
        return [{ vertexId: id, vertexName: name, ...operator, unassignedSplits }];
      }),
      checkpoints: () => {
        const { lastCompleted, restoredAt } = this.#checkpoints;
        const child = this.#checkpointActor()?.getSnapshot();
        const state = child?.context.coordinator;
        return { state, last: lastCompleted?.completed, lastPath: lastCompleted?.path ?? '', restoredAt };
      },
    });
  }

  #checkpointActor(): ActorRefFrom<typeof checkpointCoordinatorMachine> | undefined {
    return this.actor.getSnapshot().children[CHECKPOINTS] as
      | ActorRefFrom<typeof checkpointCoordinatorMachine>
      | undefined;
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
      restoreLocation: () => this.#checkpoints.restoreLocation(),
      checkpointsUri:
        this.#options.checkpointPlaces.directory === undefined
          ? ''
          : checkpointsUri(this.#options.checkpointPlaces, this.#options.jobId),
      hasRestorePoint: () => this.#checkpoints.hasRestorePoint,
      discardSplits: (vertexId, subtasks, attempt) =>
        this.#source(vertexId)?.send({ type: 'attemptDiscarded', subtasks, attempt }),
      onceDecided: (act) => this.#checkpoints.onceDecided(act),
      suspended: () => this.#suspension.resolve(),
      freeSlot: (slot) => void freeSlot(performer, slot, 'the job does not know this slot'),
    };
    return performer;
  }

  #source(vertexId: VertexId):
    | {
        send(
          event:
            | { type: 'attemptDiscarded'; subtasks: readonly number[]; attempt: number }
            | { type: 'close' },
        ): void;
      }
    | undefined {
    return this.actor.getSnapshot().children[sourceActorId(vertexId)];
  }

  #sourceCoordinators(performer: Performer, createEnumerator: CreateEnumerator): SourceCoordinators {
    return provideSourceCoordinator(this.#environment, {
      createEnumerator,
      restoredSplits: (vertexId) => this.#checkpoints.restoredSplits(vertexId),
      isActive: (vertexId, subtaskIndex, attempt) =>
        !hasEnded(this.#context()) &&
        isActive(this.#context().scheduler, { vertexId, subtaskIndex, attempt }),
      onFailed: (vertexId, error) =>
        this.actor.send({ type: 'sourceFailed', vertexId, error, moment: performer.moment() }),
    });
  }

  #checkpointCoordinator(
    performer: Performer,
    sources: SourceCoordinators,
    places: CheckpointPlaces,
  ): CheckpointCoordinator {
    const { graph } = this.#options;
    const sourceVertices = graph.jobGraph.vertices.filter(({ isSource }) => isSource).map(({ id }) => id);
    return new CheckpointCoordinator(this.#environment, places, {
      jobId: this.#options.jobId,
      graph: graph.jobGraph,
      history:
        this.#options.suspended?.checkpointHistory ?? new CheckpointHistory(this.#options.checkpointsShown),
      logToken: this.#options.logToken,
      opensLog: this.#options.suspended !== undefined,
      isActive: (ref) => !hasEnded(this.#context()) && isActive(this.#context().scheduler, ref),
      snapshotEnumerators: (taken) =>
        new Map(sourceVertices.map((id) => [id, sources.snapshot(id, taken.get(id) ?? new Map())])),
      assignmentsDurable: (taken) => {
        for (const id of sourceVertices) sources.durable(id, taken.get(id) ?? new Map());
      },
      onFailed: (error) =>
        sendIfActive(this.actor, { type: 'checkpointsFailed', error, moment: performer.moment() }),
      onRestoreFailed: (error) => sendIfActive(this.actor, { type: 'restoreFailed', error }),
      answer: (requestId, result) => {
        if (!this.#own.answer(requestId, result)) this.#orders.answer(requestId, result);
      },
    });
  }

  #tickCheckpoints(): void {
    const { clock } = this.#environment;
    const job = jobView(this.#context().scheduler);
    this.#toCheckpoints({ type: 'ticked', job, now: clock.monotonic(), wall: clock.now() });
  }

  #toCheckpoints(event: CheckpointCoordinatorEvent): void {
    // Not from within a transition: children are there once it is over.
    queueMicrotask(() => {
      const child = this.#checkpointActor();
      // A job that ends closes it, and then stops the subtasks that it still told of.
      if (child?.getSnapshot().status === 'active') child.send(event);
    });
  }

  #forwardToCheckpoints(context: JobManagerContext, request: JobManagerRequest): void {
    if (
      (request.type !== 'acknowledgeCheckpoint' &&
        request.type !== 'declineCheckpoint' &&
        request.type !== 'endOfData') ||
      !isActive(context.scheduler, request)
    )
      return;
    const { vertexId, subtaskIndex, attempt } = request;
    const ref = { vertexId, subtaskIndex, attempt };
    const now = this.#environment.clock.monotonic();
    switch (request.type) {
      case 'acknowledgeCheckpoint': {
        const { checkpointId, state, assignmentsTaken, metrics, channels } = request;
        const acknowledgement = { state, assignmentsTaken, metrics, channels };
        this.#checkpoints.history.acknowledged(checkpointId, ref, metrics, this.#environment.clock.now());
        return this.#toCheckpoints({ type: 'acknowledged', ref, checkpointId, acknowledgement, now });
      }
      case 'declineCheckpoint': {
        const { checkpointId, error } = request;
        return this.#toCheckpoints({ type: 'declined', ref, checkpointId, error, now });
      }
      case 'endOfData':
        return this.#toCheckpoints({ type: 'drained', ref });
    }
  }

  #provide(performer: Performer, sources: SourceCoordinators): typeof jobManagerMachine {
    const environment = this.#environment;
    return jobManagerMachine.provide({
      actors: { source: sources.machine, checkpoints: this.#checkpoints.machine },
      actions: {
        perform: ({ context }, { effect }) => {
          this.#history.observe(effect, environment.clock.now());
          this.#trace.observe(effect, context.scheduler);
          this.#metrics.observe(effect);
          if (effect.type === 'announceJob') this.#own.giveUp();
          environment.scope.within(this.#trace.context, () => perform(performer, context, effect));
        },
        replyAcknowledged: ({ event }) => this.#reply(event, { type: 'acknowledged' }),
        replyFenced: ({ context, event }) => {
          environment.refusals.stale++;
          this.#reply(event, { type: 'fenced', epoch: context.epoch });
        },
        replyOffers: ({ event }, { accepted }) => this.#reply(event, { type: 'slotsAccepted', accepted }),
        tellOfStopped: ({ context }, { refs }) => {
          this.#alignWithout(context, refs);
          const now = environment.clock.monotonic();
          this.#toCheckpoints({ type: 'subtasksStopped', refs, now });
        },
        tellOfFinished: ({ context }, { refs }) => {
          this.#alignWithout(context, refs);
          this.#toCheckpoints({ type: 'subtasksFinished', refs, now: environment.clock.monotonic() });
        },
        forwardToCheckpoints: ({ context, event }) => {
          if (event.type === 'requested') this.#forwardToCheckpoints(context, event.request);
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
          void this.#checkpoints.end(keepsCheckpoints(this.#options.retention, job.status), settled);
          this.#closeChildren();
        },
      },
    });
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
    if (!isActive(context.scheduler, event.request)) {
      this.#environment.refusals.stale++;
      return this.#reply(event, { type: 'acknowledged' });
    }
    const othersMinimum = this.#alignment.report(event.request, event.moment.now);
    const answer = othersMinimum === undefined ? {} : { othersMinimum };
    this.#reply(event, { type: 'watermarksAligned', ...answer });
  }

  #alignWithout({ scheduler }: JobManagerContext, refs: readonly ExecutionRef[]): void {
    for (const ref of refs) {
      const execution = scheduler.executions.get(ref.vertexId)?.[ref.subtaskIndex];
      this.#alignment.stopped(ref, execution?.state === 'FINISHED');
    }
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
