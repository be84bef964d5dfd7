import type { TaskCounters } from '../task/task.ts';

type Totals = Pick<TaskCounters, 'successfulCommittables' | 'retriedCommittables' | 'pendingCommittables'>;

/** What became of the committables of one sink's subtask, recovered ones included; the task's totals are kept with it. */
export class CommittableCounts {
  total = 0;
  successful = 0;
  /** Attempts that were followed by another, by committables. */
  retried = 0;
  /** Given up: the job fails. */
  failed = 0;
  /** The target had them: an earlier attempt had committed them. */
  alreadyCommitted = 0;
  readonly #totals: Totals;
  #pending = 0;

  constructor(totals: Totals) {
    this.#totals = totals;
  }

  get pending(): number {
    return this.#pending;
  }

  /** Prepared, or found in the checkpoint that the job goes on from. */
  received(count: number): void {
    this.total += count;
    this.#pending += count;
    this.#totals.pendingCommittables += count;
  }

  /** All of them are visible, `already` of them since earlier. */
  committed(count: number, already: number): void {
    this.successful += count - already;
    this.alreadyCommitted += already;
    this.#totals.successfulCommittables += count;
    this.#pending -= count;
    this.#totals.pendingCommittables -= count;
  }

  triedAgain(count: number): void {
    this.retried += count;
    this.#totals.retriedCommittables += count;
  }
}
