import { createActor } from 'xstate';
import type { Actor } from 'xstate';
import { assert } from '../../src/base/assert.ts';
import { serializeError } from '../../src/base/errors.ts';
import type { SerializedError } from '../../src/base/errors.ts';
import { isActive } from '../../src/control/scheduler/decide.ts';
import { rescaledOrigin } from '../../src/control/scheduler/rescaled-origin.ts';
import type { MetricSamples } from '../../src/protocol/metrics.ts';
import { jobManagerRequest } from '../../src/protocol/job-manager.ts';
import type { JobSummary } from '../../src/protocol/job-status.ts';
import type { ActorEnvironment } from '../messaging/environment.ts';
import { reply, serve } from '../messaging/serve.ts';
import type { Caller, Message } from '../messaging/serve.ts';
import { supervise } from '../messaging/supervise.ts';
import { xstateClock } from '../messaging/xstate-clock.ts';
import { Heartbeats } from './heartbeats.ts';
import { hasEnded, jobDetails, jobSummary } from './job-details.ts';
import { jobManagerMachine } from './job-manager.machine.ts';
import type { JobClientRequest, JobManagerContext, JobManagerEvent } from './job-manager.machine.ts';
import { perform } from './perform.ts';
import { JobPerformer } from './job-performer.ts';
import { ResultBuffer } from './result-buffer.ts';
import { CheckpointLink } from './checkpoint-link.ts';
import { Children } from './children.ts';
import { JobMetrics, sourceFigures } from './job-metrics.ts';
import { answerToClient } from './client-answers.ts';
import type { JobKnowledge } from './client-answers.ts';
import { machineInput } from './job-manager-options.ts';
import type { JobManagerHandle, JobManagerOptions, SuspendedJob } from './job-manager-options.ts';
import { JobHistory } from './job-history.ts';
import { JobTimers } from './job-timers.ts';
import { JobTrace } from './job-trace.ts';
import { WatermarkReports } from './watermark-reports.ts';
import { provideSourceCoordinator } from './source-coordinator/source-coordinator.effects.ts';
import type { SourceCoordinators } from './source-coordinator/source-coordinator.effects.ts';

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
  readonly #timers: JobTimers;
  readonly #performer: JobPerformer;
  readonly #checkpoints: CheckpointLink;
  readonly #watermarks: WatermarkReports;
  readonly #trace: JobTrace;
  readonly #metrics: JobMetrics;
  readonly #history: JobHistory;
  readonly #children = new Children(() => this.actor);
  readonly #stopServing: () => void;
  readonly #suspension = Promise.withResolvers<void>();
  #endedAt: number | undefined;

  constructor(environment: ActorEnvironment, options: JobManagerOptions) {
    this.#environment = environment;
    this.#options = options;
    const { suspended, trace, failuresKept, heartbeat } = options;
    this.results = suspended?.results ?? new ResultBuffer();
    const job = { jobId: options.jobId, name: options.graph.jobGraph.name };
    this.#history = suspended?.history ?? new JobHistory(options.submittedAt, failuresKept);
    this.#trace = new JobTrace(environment.tracing, job, trace);
    this.#watermarks = new WatermarkReports(options.graph);
    this.#timers = new JobTimers(environment.clock);
    this.#performer = new JobPerformer(environment, options, {
      results: this.results,
      timers: this.#timers,
      children: this.#children,
      actor: () => this.actor,
      coordinator: () => this.#checkpoints.coordinator,
      suspended: () => this.#suspension.resolve(),
    });
    const sources = this.#sourceCoordinators();
    this.#metrics = this.#newMetrics(sources);
    if (suspended !== undefined)
      this.#metrics.observe({ type: 'announceJob', from: 'RUNNING', to: 'RESTARTING' });
    this.#checkpoints = new CheckpointLink(options, this.#performer, this.#children, sources);
    this.actor = createActor(this.#provide(sources), {
      input: machineInput(options),
      clock: xstateClock(environment.clock),
    });
    this.#stopServing = this.#serve();
    supervise(environment, this.actor, `job-manager ${options.jobId}`);
    this.actor.start();
    const heartbeats = new Heartbeats(this.#performer, heartbeat);
    this.#timers.every(TICK_MS, () => this.actor.send({ type: 'ticked', moment: this.#performer.moment() }));
    this.#timers.every(heartbeat.intervalMs, () => heartbeats.tick());
    this.#timers.every(CHECKPOINT_TICK_MS, () => this.#checkpoints.tick());
    if (hasEnded(this.#context())) this.#timers.stop();
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
    const origin = rescaledOrigin(this.#context().scheduler);
    if (origin === undefined) return undefined;
    return {
      origin,
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
    this.#timers.stop();
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

  #context(): JobManagerContext {
    return this.actor.getSnapshot().context;
  }

  #serve(): () => void {
    const subject = this.#environment.subjects.jobManager(this.#options.jobId);
    const subscription = serve(this.#environment, subject, jobManagerRequest, (request, caller) =>
      this.actor.send({ type: 'requested', request, caller, moment: this.#performer.moment() }),
    );
    return () => subscription.close();
  }

  #sourceCoordinators(): SourceCoordinators {
    return provideSourceCoordinator(this.#environment, {
      createEnumerator: this.#options.createEnumerator,
      restoredSplits: (vertexId) => this.#checkpoints.coordinator.restoredSplits(vertexId),
      isActive: (vertexId, subtaskIndex, attempt) =>
        !hasEnded(this.#context()) &&
        isActive(this.#context().scheduler, { vertexId, subtaskIndex, attempt }),
      onFailed: (vertexId, error) =>
        this.#performer.send({ type: 'sourceFailed', vertexId, error, moment: this.#performer.moment() }),
    });
  }

  #provide(sources: SourceCoordinators): typeof jobManagerMachine {
    const environment = this.#environment;
    return jobManagerMachine.provide({
      actors: { source: sources.machine, checkpoints: this.#checkpoints.coordinator.machine },
      actions: {
        perform: ({ context }, { effect }) => {
          this.#history.observe(effect, environment.clock.now());
          this.#trace.observe(effect, context.scheduler);
          this.#metrics.observe(effect);
          if (effect.type === 'announceJob') this.#checkpoints.giveUpOwn();
          environment.scope.within(this.#trace.context, () => perform(this.#performer, context, effect));
        },
        replyAcknowledged: ({ event }) => this.#reply(event, { type: 'acknowledged' }),
        replyFenced: ({ context, event }) => {
          environment.refusals.stale++;
          this.#reply(event, { type: 'fenced', epoch: context.epoch });
        },
        replyOffers: ({ event }, { accepted }) => this.#reply(event, { type: 'slotsAccepted', accepted }),
        tellOfStopped: ({ context }, { refs }) => {
          this.#watermarks.without(context.scheduler, refs);
          this.#checkpoints.send({ type: 'subtasksStopped', refs, now: environment.clock.monotonic() });
        },
        tellOfFinished: ({ context }, { refs }) => {
          this.#watermarks.without(context.scheduler, refs);
          this.#checkpoints.send({ type: 'subtasksFinished', refs, now: environment.clock.monotonic() });
        },
        forwardToCheckpoints: ({ context, event }) => {
          if (event.type === 'requested') this.#checkpoints.forward(context, event.request);
        },
        takeRows: ({ context, event }) => this.#takeRows(context, event),
        alignWatermarks: ({ context, event }) => this.#alignWatermarks(context, event),
        replyToClient: ({ context, event }) => {
          if (event.type === 'clientRequested')
            reply(environment, event.caller, answerToClient(context, event.request, this.#knowledge()));
        },
        jobEnded: ({ context }) => {
          this.#suspension.resolve();
          this.#endedAt = environment.clock.now();
          this.#timers.stop();
          const job = jobDetails(context, this.#history, this.#endedAt, this.results.size);
          void this.#checkpoints.end(job, this.#options.onEnded(job));
          this.#closeChildren();
        },
      },
    });
  }

  #reply(event: JobManagerEvent, message: Message): void {
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

  #takeRows(context: JobManagerContext, event: JobManagerEvent): void {
    assert(event.type === 'requested' && event.request.type === 'collectRows', 'only rows are taken');
    const { vertexId } = event.request;
    if (isActive(context.scheduler, event.request)) {
      try {
        this.results.add(event.request);
      } catch (failure) {
        const error = serializeError(failure);
        this.actor.send({ type: 'sourceFailed', vertexId, error, moment: this.#performer.moment() });
      }
    }
    this.#reply(event, { type: 'acknowledged' });
  }
}
