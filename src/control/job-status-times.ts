import type { JobStatus } from '../protocol/job-status.ts';

/** How long a job was in each of its states. Times are monotonic ms. */
export class JobStatusTimes {
  #status: JobStatus = 'INITIALIZING';
  #since: number;
  /** Since when it does not run, though it has run; undefined while it runs, and before. */
  #downSince: number | undefined;
  readonly #totals = new Map<JobStatus, number>();

  constructor(now: number) {
    this.#since = now;
  }

  changed(to: JobStatus, now: number): void {
    if (to === this.#status) return;
    this.#totals.set(this.#status, this.total(this.#status, now));
    if (to === 'RUNNING') this.#downSince = undefined;
    else if (this.#status === 'RUNNING') this.#downSince = now;
    this.#status = to;
    this.#since = now;
  }

  isIn(status: JobStatus): boolean {
    return status === this.#status;
  }

  /** How long it has been in this state; 0 while it is in another. */
  current(status: JobStatus, now: number): number {
    return status === this.#status ? now - this.#since : 0;
  }

  /** How long it has been in this state, all times together. */
  total(status: JobStatus, now: number): number {
    return (this.#totals.get(status) ?? 0) + this.current(status, now);
  }

  /** How long it has not run since it last ran, while it is to run again or fails; 0 otherwise. */
  downtime(now: number): number {
    const down = this.#status === 'RESTARTING' || this.#status === 'FAILING';
    return down && this.#downSince !== undefined ? now - this.#downSince : 0;
  }
}
