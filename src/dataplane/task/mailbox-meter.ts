import { MAILBOX_PROBE_MS, MAILBOX_LATENCIES } from '../../base/limits.ts';
import { DescriptiveStatisticsHistogram } from '../../metrics/descriptive-statistics-histogram.ts';
import type { Clock, TimerHandle } from '../../ports/clock.ts';

/**
 * The control messages of a task: splits, triggers and outcomes of checkpoints. How long one waits for its turn is measured with a
 * timer of its own, one at a time: messages and timers get to a slot's thread between the same two rounds of its loop.
 */
export class MailboxMeter {
  /** Messages that have come, ever. */
  mails = 0;
  readonly latency = new DescriptiveStatisticsHistogram(MAILBOX_LATENCIES);
  readonly #clock: Clock;
  #probe: TimerHandle | undefined;
  #closed = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Measures the latency once more. */
  probe(): void {
    if (this.#probe !== undefined || this.#closed) return;
    const due = this.#clock.monotonic() + MAILBOX_PROBE_MS;
    this.#probe = this.#clock.setTimeout(() => {
      this.#probe = undefined;
      this.latency.update(Math.max(0, this.#clock.monotonic() - due));
    }, MAILBOX_PROBE_MS);
  }

  close(): void {
    this.#closed = true;
    if (this.#probe !== undefined) this.#clock.clearTimeout(this.#probe);
    this.#probe = undefined;
  }
}
