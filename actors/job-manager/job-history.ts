import type { SerializedError } from '../../src/base/errors.ts';
import type { TaskManagerId, VertexId } from '../../src/base/ids.ts';
import { ATTEMPTS_KEPT, CONCURRENT_FAILURES_KEPT } from '../../src/base/limits.ts';
import type { ExecutionRef, SchedulerEffect } from '../../src/control/scheduler/state.ts';
import type { AttemptInfo, FailureInfo } from '../../src/protocol/execution-graph-info.ts';
import type { ExecutionState, JobStatus } from '../../src/protocol/job-status.ts';

type Times<State extends string> = Partial<Record<State, number>>;

/** One attempt of a subtask, as it was announced. */
interface Attempt {
  readonly attempt: number;
  state: ExecutionState;
  taskManagerId: TaskManagerId | undefined;
  readonly times: Times<ExecutionState>;
}

interface Failure {
  readonly at: number;
  readonly error: SerializedError;
  task: FailureInfo['task'];
  readonly concurrent: FailureInfo['concurrent'][number][];
}

/** What has happened to a job: when it and its subtasks changed their state, and why it failed. Bounded. */
export class JobHistory {
  readonly statusTimes: Times<JobStatus>;
  readonly #failuresKept: number;
  readonly #attempts = new Map<VertexId, Attempt[][]>();
  readonly #failures: Failure[] = [];
  /** Failures of tasks since the job was last announced to fail or restart. */
  #loose: FailureInfo['concurrent'][number][] = [];
  #lastModified: number;

  /** @param failuresKept `web.exception-history-size` */
  constructor(submittedAt: number, failuresKept: number) {
    this.statusTimes = { INITIALIZING: submittedAt };
    this.#lastModified = submittedAt;
    this.#failuresKept = failuresKept;
  }

  get lastModified(): number {
    return this.#lastModified;
  }

  /** Newest first. */
  get failures(): readonly FailureInfo[] {
    return this.#failures.toReversed();
  }

  /** Takes notice of what the scheduler does; @param now wall time, ms */
  observe(effect: SchedulerEffect, now: number): void {
    if (effect.type === 'announceJob') this.#jobChanged(effect, now);
    else if (effect.type === 'announceExecution') this.#executionChanged(effect, now);
  }

  /** When the present attempt of a subtask entered its states. */
  times(vertexId: VertexId, subtaskIndex: number, attempt: number): Times<ExecutionState> {
    const last = this.#of(vertexId, subtaskIndex).at(-1);
    return last?.attempt === attempt ? last.times : {};
  }

  /** Where the present attempt runs or ran. */
  taskManager(vertexId: VertexId, subtaskIndex: number, attempt: number): TaskManagerId | undefined {
    const last = this.#of(vertexId, subtaskIndex).at(-1);
    return last?.attempt === attempt ? last.taskManagerId : undefined;
  }

  /** Attempts before the present one, oldest first. */
  previous(vertexId: VertexId, subtaskIndex: number, attempt: number): readonly AttemptInfo[] {
    return this.#of(vertexId, subtaskIndex)
      .filter((one) => one.attempt < attempt)
      .map(({ taskManagerId, ...one }) => ({
        ...one,
        ...(taskManagerId === undefined ? {} : { taskManagerId }),
      }));
  }

  #of(vertexId: VertexId, subtaskIndex: number): Attempt[] {
    const subtasks = this.#attempts.get(vertexId) ?? [];
    this.#attempts.set(vertexId, subtasks);
    return (subtasks[subtaskIndex] ??= []);
  }

  #jobChanged({ to, error }: Extract<SchedulerEffect, { type: 'announceJob' }>, now: number): void {
    this.statusTimes[to] = now;
    this.#lastModified = now;
    if (to === 'RUNNING') this.#settleLoose();
    if (error === undefined) return;
    // FAILING and FAILED tell the same failure.
    if (this.#failures.at(-1)?.error.message === error.message && to === 'FAILED') return;
    const [root, ...concurrent] = this.#loose;
    this.#loose = [];
    this.#failures.push({ at: now, error, task: root?.task, concurrent });
    if (this.#failures.length > this.#failuresKept) this.#failures.shift();
  }

  /** Tasks that failed while the job was restarting anyway belong to that restart. */
  #settleLoose(): void {
    this.#failures.at(-1)?.concurrent.push(...this.#loose);
    this.#loose = [];
  }

  #executionChanged(effect: Extract<SchedulerEffect, { type: 'announceExecution' }>, now: number): void {
    const { ref, to, taskManagerId, error } = effect;
    const attempts = this.#of(ref.vertexId, ref.subtaskIndex);
    let attempt = attempts.at(-1);
    if (attempt?.attempt !== ref.attempt) {
      attempt = { attempt: ref.attempt, state: to, taskManagerId, times: {} };
      attempts.push(attempt);
      if (attempts.length > ATTEMPTS_KEPT) attempts.shift();
    }
    attempt.state = to;
    attempt.taskManagerId = taskManagerId ?? attempt.taskManagerId;
    attempt.times[to] = now;
    this.#lastModified = now;
    if (to === 'FAILED' && error !== undefined) this.#taskFailed(ref, attempt.taskManagerId, error, now);
  }

  #taskFailed(
    ref: ExecutionRef,
    taskManagerId: TaskManagerId | undefined,
    error: SerializedError,
    at: number,
  ): void {
    const { vertexId, subtaskIndex, attempt } = ref;
    const task = {
      vertexId,
      subtaskIndex,
      attempt,
      ...(taskManagerId === undefined ? {} : { taskManagerId }),
    };
    if (this.#loose.length < CONCURRENT_FAILURES_KEPT) this.#loose.push({ at, error, task });
  }
}
