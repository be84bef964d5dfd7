import { createActor } from 'xstate';
import type { Actor } from 'xstate';
import { assert } from '../../src/base/assert.ts';
import { serializeError } from '../../src/base/errors.ts';
import type { SerializedError } from '../../src/base/errors.ts';
import type { VertexId } from '../../src/base/ids.ts';
import { isActive } from '../../src/control/scheduler/decide.ts';
import type { TimerHandle } from '../../src/ports/clock.ts';
import { jobManagerRequest } from '../../src/protocol/job-manager.ts';
import type { JobSummary } from '../../src/protocol/job-status.ts';
import type { ActorEnvironment } from '../messaging/environment.ts';
import { every } from '../messaging/every.ts';
import { resultPages } from '../messaging/result-pages.ts';
import { reply, serve } from '../messaging/serve.ts';
import type { Caller } from '../messaging/serve.ts';
import { supervise } from '../messaging/supervise.ts';
import { xstateClock } from '../messaging/xstate-clock.ts';
import { Heartbeats } from './heartbeats.ts';
import type { HeartbeatSettings } from './heartbeats.ts';
import { hasEnded, jobDetails, jobSummary } from './job-details.ts';
import { jobManagerMachine, sourceActorId } from './job-manager.machine.ts';
import type {
  JobClientRequest,
  JobManagerContext,
  JobManagerEvent,
  JobManagerInput,
} from './job-manager.machine.ts';
import { freeSlot, perform } from './perform.ts';
import type { Performer } from './perform.ts';
import { ResultBuffer } from './result-buffer.ts';
import { provideSourceCoordinator } from './source-coordinator/source-coordinator.effects.ts';
import type { CreateEnumerator } from './source-coordinator/source-coordinator.effects.ts';

export interface JobManagerOptions extends JobManagerInput {
  readonly createEnumerator: CreateEnumerator;
  readonly heartbeat: HeartbeatSettings;
  readonly cancellationTimeoutMs: number;
  /** Called once, when the job has ended for good. */
  readonly onEnded: (summary: JobSummary, failure: SerializedError | undefined) => void;
}

/** A running job-manager, as its dispatcher holds it. */
export interface JobManagerHandle {
  readonly actor: Actor<typeof jobManagerMachine>;
  /** Rows of `collect()`; outlives the job-manager, for a client of the same process. */
  readonly results: ResultBuffer;
  summary(): JobSummary;
  handle(request: JobClientRequest, caller: Caller): void;
  /** Ids of the job's `collect()`s that delivered rows. */
  collectIds(): readonly string[];
  stop(): void;
}

/** Starts the job-manager of one job on its subject. */
export function startJobManager(environment: ActorEnvironment, options: JobManagerOptions): JobManagerHandle {
  return new JobManager(environment, options);
}

/** Ticks while a job waits for slots are closer than heartbeats, so that a started TaskManager is used at once. */
const TICK_MS = 500;

class JobManager implements JobManagerHandle {
  readonly actor: Actor<typeof jobManagerMachine>;
  readonly #environment: ActorEnvironment;
  readonly #options: JobManagerOptions;
  readonly results = new ResultBuffer();
  readonly #heartbeats: Heartbeats;
  readonly #stopServing: () => void;
  #endedAt: number | undefined;
  #timers: readonly (() => void)[] = [];
  readonly #delayed = new Set<TimerHandle>();

  constructor(environment: ActorEnvironment, options: JobManagerOptions) {
    this.#environment = environment;
    this.#options = options;
    const { createEnumerator, heartbeat, cancellationTimeoutMs, onEnded: _onEnded, ...input } = options;
    const performer = this.#performer(cancellationTimeoutMs);
    this.actor = createActor(this.#provide(performer, createEnumerator), {
      input,
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
    ];
    if (hasEnded(this.#context())) this.#stopTimers();
  }

  summary(): JobSummary {
    return jobSummary(this.#context(), this.#endedAt);
  }

  handle(request: JobClientRequest, caller: Caller): void {
    this.actor.send({ type: 'clientRequested', request, caller });
  }

  collectIds(): readonly string[] {
    return this.results.ids();
  }

  stop(): void {
    this.#stopTimers();
    this.#stopServing();
    this.actor.stop();
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
      send: (event) => this.actor.send(event),
      moment: () => ({ now: clock.monotonic(), random: random.next() }),
      later: (delayMs, act) => {
        const timer = clock.setTimeout(() => {
          this.#delayed.delete(timer);
          act();
        }, delayMs);
        this.#delayed.add(timer);
      },
      discardSplits: (vertexId, subtasks, attempt) =>
        this.#source(vertexId)?.send({ type: 'attemptDiscarded', subtasks, attempt }),
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

  #provide(performer: Performer, createEnumerator: CreateEnumerator): typeof jobManagerMachine {
    const environment = this.#environment;
    const source = provideSourceCoordinator(environment, {
      createEnumerator,
      isActive: (vertexId, subtaskIndex, attempt) =>
        !hasEnded(this.#context()) &&
        isActive(this.#context().scheduler, { vertexId, subtaskIndex, attempt }),
      onFailed: (vertexId, error) =>
        this.actor.send({ type: 'sourceFailed', vertexId, error, moment: performer.moment() }),
    });
    return jobManagerMachine.provide({
      actors: { source },
      actions: {
        perform: ({ context }, { effect }) => perform(performer, context, effect),
        replyAcknowledged: ({ event }) => this.#reply(event, { type: 'acknowledged' }),
        replyFenced: ({ context, event }) => {
          environment.refusals.stale++;
          this.#reply(event, { type: 'fenced', epoch: context.epoch });
        },
        replyOffers: ({ event }, { accepted }) => this.#reply(event, { type: 'slotsAccepted', accepted }),
        takeRows: ({ context, event }) => this.#takeRows(context, event, performer),
        replyToClient: ({ context, event }) => {
          if (event.type === 'clientRequested') this.#replyToClient(context, event.request, event.caller);
        },
        jobEnded: ({ context }) => {
          this.#endedAt = environment.clock.now();
          this.#stopTimers();
          for (const vertex of context.graph.jobGraph.vertices)
            this.#source(vertex.id)?.send({ type: 'close' });
          this.#options.onEnded(jobSummary(context, this.#endedAt), context.scheduler.failure);
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

  #replyToClient(context: JobManagerContext, request: JobClientRequest, caller: Caller): void {
    const { jobId } = context;
    switch (request.type) {
      case 'requestJobDetails':
        return reply(this.#environment, caller, {
          type: 'jobDetails',
          job: jobDetails(context, this.#endedAt, this.results.size),
        });
      case 'cancelJob':
        return reply(this.#environment, caller, { type: 'cancelAccepted', jobId });
      case 'fetchResults': {
        const { attempt, rows: found, end } = this.results.read(request.collectId, request.from, request.max);
        // Only as many as one message holds: the client asks on from there.
        const [rows = []] = resultPages(found);
        const complete = hasEnded(context) && request.from + rows.length >= end;
        return reply(this.#environment, caller, {
          type: 'results',
          attempt,
          from: request.from,
          rows,
          complete,
        });
      }
    }
  }
}
