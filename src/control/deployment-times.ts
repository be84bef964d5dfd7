import type { ExecutionState } from '../protocol/job-status.ts';
import type { ExecutionRef } from './scheduler/state.ts';

/** What an execution means to its job: it is being deployed, or it has been. */
type Stage = 'deploying' | 'deployed';

const STAGES: Partial<Record<ExecutionState, Stage>> = {
  DEPLOYING: 'deploying',
  INITIALIZING: 'deployed',
  RUNNING: 'deployed',
};

/**
 * How long a job is deploying: while any of its tasks is DEPLOYING; a batch job only until its first task is deployed, since it gets
 * on from then. Times are monotonic ms.
 */
export class DeploymentTimes {
  readonly #batch: boolean;
  /** Of tasks in either stage, by vertex and subtask. */
  readonly #stages = new Map<string, Stage>();
  readonly #counts = { deploying: 0, deployed: 0 };
  #since: number | undefined;
  #total = 0;

  constructor(batch: boolean) {
    this.#batch = batch;
  }

  executionChanged({ vertexId, subtaskIndex }: ExecutionRef, to: ExecutionState, now: number): void {
    const key = `${vertexId}/${subtaskIndex}`;
    const before = this.#stages.get(key);
    const after = STAGES[to];
    if (before !== undefined) this.#counts[before] -= 1;
    if (after === undefined) this.#stages.delete(key);
    else {
      this.#stages.set(key, after);
      this.#counts[after] += 1;
    }
    const { deploying, deployed } = this.#counts;
    const active = deploying > 0 && !(this.#batch && deployed > 0);
    if (active === this.active) return;
    this.#total = this.total(now);
    this.#since = active ? now : undefined;
  }

  get active(): boolean {
    return this.#since !== undefined;
  }

  /** How long it has been deploying; 0 while it is not. */
  current(now: number): number {
    return this.#since === undefined ? 0 : now - this.#since;
  }

  /** How long it has been deploying, all times together. */
  total(now: number): number {
    return this.#total + this.current(now);
  }
}
