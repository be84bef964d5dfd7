import { createActor } from 'xstate';
import type { Actor } from 'xstate';
import { ExternalError, serializeError } from '../../../src/base/errors.ts';
import type { Epoch, JobId } from '../../../src/base/ids.ts';
import { ALIGNMENT_ANSWER_MAX_MS, ALIGNMENT_ANSWER_MIN_MS } from '../../../src/base/limits.ts';
import type { SlotLoop } from '../../../src/dataplane/loop/index.ts';
import type { TaskSnapshot } from '../../../src/dataplane/checkpoint/index.ts';
import type { Task } from '../../../src/dataplane/task/task.ts';
import type { Span } from '../../../src/ports/tracing.ts';
import type { MetricSamples } from '../../../src/protocol/metrics.ts';
import { isTerminal } from '../../../src/protocol/job-status.ts';
import type { ExecutionState } from '../../../src/protocol/job-status.ts';
import { jobManagerReply } from '../../../src/protocol/job-manager.ts';
import type { Deployment } from '../../../src/protocol/slot.ts';
import { subtaskRequest } from '../../../src/protocol/subtask.ts';
import type { SubtaskRequest } from '../../../src/protocol/subtask.ts';
import { PERSISTENT, ask } from '../../messaging/ask.ts';
import type { AskPolicy } from '../../messaging/ask.ts';
import type { ActorEnvironment } from '../../messaging/environment.ts';
import { reply, serve, tell } from '../../messaging/serve.ts';
import { supervise } from '../../messaging/supervise.ts';
import { xstateClock } from '../../messaging/xstate-clock.ts';
import { resultPages } from '../../messaging/result-pages.ts';
import { subtaskMachine } from './subtask.machine.ts';

/** What the slot gives to each of its subtasks. */
export interface SubtaskOptions {
  readonly jobId: JobId;
  readonly epoch: Epoch;
  readonly deployment: Deployment;
  /** Loads the job and builds the task with its channels. */
  buildTask(actor: SubtaskLink): Promise<Task>;
  /** The slot's loop: opens, steps and closes the task. */
  readonly loop: Pick<SlotLoop, 'add' | 'remove'>;
  /** The attempt has ended; nothing of it remains. */
  onEnded(): void;
}

/** How a task reaches its job-manager. */
export interface SubtaskLink {
  requestSplit(): void;
  reportWatermark(watermark: number | undefined, intervalMs: number): Promise<number | undefined>;
  sendResults(collectId: string, rows: readonly unknown[], resumeAt?: number): Promise<void>;
  acknowledge(snapshot: TaskSnapshot): void;
  decline(checkpointId: number, error: unknown): void;
  endOfData(): void;
}

/** A subtask's attempt in its slot. */
export class Subtask {
  readonly #actor: Actor<typeof subtaskMachine>;
  readonly #environment: ActorEnvironment;
  readonly #options: SubtaskOptions;
  readonly #stopServing: () => void;
  #task: Task | undefined;
  #building: Promise<unknown> = Promise.resolve();
  #sending: Promise<void> = Promise.resolve();
  #nextRequest = 0;
  #nextRows = 0;
  #ended = false;
  /** From the deployment until the task runs, or never does. */
  readonly #starting: Span;

  constructor(environment: ActorEnvironment, options: SubtaskOptions) {
    this.#environment = environment;
    this.#options = options;
    const { jobId, deployment } = options;
    const { attempt, vertexId, subtaskIndex } = deployment;
    this.#starting = environment.tracing.start('subtask start', {
      parent: environment.scope.current,
      attributes: {
        'millrace.job.id': jobId,
        'millrace.vertex.id': vertexId,
        'millrace.subtask.index': subtaskIndex,
        'millrace.attempt': attempt,
      },
    });
    this.#actor = createActor(this.#provide(), { clock: xstateClock(environment.clock) });
    supervise(environment, this.#actor, `subtask ${vertexId}/${subtaskIndex}`);
    const subject = environment.subjects.subtask(jobId, options.epoch, attempt, vertexId, subtaskIndex);
    const subscription = serve(environment, subject, subtaskRequest, (request, caller) => {
      if (request.epoch !== options.epoch || request.attempt !== attempt) {
        environment.refusals.stale++;
        return reply(environment, caller, { type: 'fenced', epoch: options.epoch });
      }
      this.#actor.send({ type: 'requested', request, caller });
    });
    this.#stopServing = () => subscription.close();
  }

  start(): void {
    this.#actor.start();
  }

  cancel(): void {
    this.#actor.send({ type: 'cancel' });
  }

  /** Tells the job-manager the counters of a running task. */
  reportProgress(): void {
    if (this.#task === undefined || this.#ended) return;
    const message = { type: 'taskProgress', ...this.#reference(), counters: { ...this.#task.counters } };
    tell(this.#environment, this.#environment.subjects.jobManager(this.#options.jobId), message);
  }

  /** What the task measures; nothing before it is built and after it ended. @param now monotonic ms */
  collectMetrics(now: number): MetricSamples[] {
    return this.#ended ? [] : (this.#task?.collectMetrics(now) ?? []);
  }

  #reference(): Pick<Deployment, 'vertexId' | 'subtaskIndex' | 'attempt'> & { readonly epoch: Epoch } {
    const { vertexId, subtaskIndex, attempt } = this.#options.deployment;
    return { epoch: this.#options.epoch, vertexId, subtaskIndex, attempt };
  }

  #provide(): typeof subtaskMachine {
    return subtaskMachine.provide({
      actions: {
        prepare: () => this.#prepare(),
        start: () => this.#start(),
        halt: () => void this.#halt(),
        report: ({ context }, { state }) => this.#report(state, context.error),
        takeSplits: ({ event }) => {
          if (event.type !== 'requested' || event.request.type !== 'assignSplits') return;
          if (this.#task === undefined) return;
          if (event.request.splits.length > 0)
            this.#task.addSplits(event.request.splits, event.request.assignmentId);
          if (event.request.noMoreSplits) this.#task.notifyNoMoreSplits();
        },
        tellTaskOfCheckpoint: ({ event }) => {
          if (event.type === 'requested') this.#tellTask(event.request);
        },
        acknowledge: ({ event }) => {
          if (event.type === 'requested') reply(this.#environment, event.caller, { type: 'acknowledged' });
        },
        refuse: ({ event }) => {
          if (event.type !== 'requested') return;
          const error = serializeError(new ExternalError('the subtask does not run now'));
          reply(this.#environment, event.caller, { type: 'refused', error });
        },
        release: () => {
          this.#ended = true;
          this.#stopServing();
          this.#options.onEnded();
        },
      },
    });
  }

  #tellTask(request: SubtaskRequest): void {
    switch (request.type) {
      case 'assignSplits': // see takeSplits
        return;
      case 'triggerCheckpoint': {
        const { checkpointId, timestamp, flags, location } = request;
        return this.#task?.triggerCheckpoint({ kind: 'barrier', checkpointId, timestamp, flags, location });
      }
      case 'takeUnaligned':
        return this.#task?.takeUnaligned(request.checkpointId);
      case 'notifyCheckpointComplete':
        return this.#task?.notifyCheckpointComplete(request.checkpointId);
      case 'notifyCheckpointAborted':
        return this.#task?.notifyCheckpointAborted(request.checkpointId);
    }
  }

  #prepare(): void {
    const link: SubtaskLink = {
      acknowledge: (snapshot) =>
        this.#tellPersistently(
          { type: 'acknowledgeCheckpoint' as const, ...this.#reference(), ...snapshot },
          () => !this.#ended,
        ),
      decline: (checkpointId, error) => {
        const message = {
          type: 'declineCheckpoint' as const,
          ...this.#reference(),
          checkpointId,
          error: serializeError(error, 'external'),
        };
        this.#tellPersistently(message, () => !this.#ended);
      },
      endOfData: () =>
        this.#tellPersistently({ type: 'endOfData' as const, ...this.#reference() }, () => !this.#ended),
      requestSplit: () => this.#requestSplit(),
      reportWatermark: (watermark, intervalMs) => this.#reportWatermark(watermark, intervalMs),
      sendResults: (collectId, rows, resumeAt) => this.#sendResults(collectId, rows, resumeAt),
    };
    this.#building = this.#options.buildTask(link).then(
      (task) => {
        this.#task = task;
        this.#actor.send({ type: 'prepared' });
      },
      (error: unknown) => this.#fail(error),
    );
  }

  #start(): void {
    if (this.#task === undefined) return;
    this.#options.loop.add(this.#task, {
      onRunning: () => this.#actor.send({ type: 'opened' }),
      onFinished: () => this.#actor.send({ type: 'finished' }),
      onFailed: (error) => this.#fail(error),
    });
  }

  /** Stops the task, whatever it is doing; one that is still being built is never started. */
  async #halt(): Promise<void> {
    await this.#building;
    if (this.#task !== undefined) await this.#options.loop.remove(this.#task);
    this.#actor.send({ type: 'halted' });
  }

  #fail(error: unknown): void {
    this.#actor.send({ type: 'failed', error: serializeError(error) });
  }

  #report(state: ExecutionState, error: ReturnType<typeof serializeError> | undefined): void {
    const { context } = this.#starting;
    if (state === 'RUNNING') this.#starting.end();
    else if (isTerminal(state)) this.#starting.end({ error });
    const message = {
      type: 'taskStateChanged' as const,
      ...this.#reference(),
      state,
      ...(state === 'FAILED' && error !== undefined ? { error } : {}),
      ...(this.#task === undefined ? {} : { counters: { ...this.#task.counters } }),
    };
    const trace = state === 'INITIALIZING' || state === 'RUNNING' ? context : undefined;
    this.#environment.scope.within(trace, () => this.#tellPersistently(message, () => true));
  }

  #requestSplit(): void {
    const message = { type: 'requestSplit' as const, ...this.#reference(), requestId: this.#nextRequest++ };
    this.#tellPersistently(message, () => !this.#ended);
  }

  /** Tried once: the next report makes a lost one good. */
  async #reportWatermark(watermark: number | undefined, intervalMs: number): Promise<number | undefined> {
    const message = {
      type: 'reportWatermark' as const,
      ...this.#reference(),
      intervalMs,
      ...(watermark === undefined ? {} : { watermark }),
    };
    const subject = this.#environment.subjects.jobManager(this.#options.jobId);
    const answer = await ask(this.#environment, subject, message, jobManagerReply, once(intervalMs));
    if (answer.type === 'watermarksAligned') return answer.othersMinimum;
    throw new ExternalError(`the job-manager does not align this attempt: it answered ${answer.type}`);
  }

  #tellPersistently(message: Parameters<typeof ask>[2], wanted: () => boolean): void {
    const subject = this.#environment.subjects.jobManager(this.#options.jobId);
    ask(this.#environment, subject, message, jobManagerReply, { ...PERSISTENT, wanted }).catch(
      (error: unknown) =>
        this.#environment.logger.warn('job-manager not reached', {
          type: message.type,
          ...this.#reference(),
          error,
        }),
    );
  }

  /** One after another, as sequences are checked in order. */
  #sendResults(collectId: string, rows: readonly unknown[], resumeAt?: number): Promise<void> {
    const sent = this.#sending.then(() => this.#sendPages(collectId, rows, resumeAt));
    this.#sending = sent.catch(() => {});
    return sent;
  }

  async #sendPages(collectId: string, rows: readonly unknown[], resumeAt: number | undefined): Promise<void> {
    const subject = this.#environment.subjects.jobManager(this.#options.jobId);
    for (const page of resumeAt === undefined ? resultPages(rows) : [rows]) {
      const message = {
        type: 'collectRows' as const,
        ...this.#reference(),
        collectId,
        sequence: this.#nextRows++,
        rows: page,
        ...(resumeAt === undefined ? {} : { resumeAt }),
      };
      await ask(this.#environment, subject, message, jobManagerReply, {
        ...PERSISTENT,
        wanted: () => !this.#ended,
      });
    }
  }
}

function once(intervalMs: number): AskPolicy {
  const timeoutMs = Math.min(Math.max(intervalMs, ALIGNMENT_ANSWER_MIN_MS), ALIGNMENT_ANSWER_MAX_MS);
  return { timeoutMs, attempts: 1, pauseMs: 0, maxPauseMs: 0 };
}
