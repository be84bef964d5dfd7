import { MIN_WATERMARK } from '../../base/time.ts';
import type { WatermarkAlignment } from '../../functions/watermark.ts';
import type { Clock, TimerHandle } from '../../ports/clock.ts';

export interface GroupAlignmentOptions {
  readonly alignment: WatermarkAlignment;
  readonly clock: Clock;
  /** The watermark that the others must not run away from; undefined holds nobody back. */
  watermark(): number | undefined;
  /** Tells the job-manager; resolves with the smallest watermark of the others in the group. */
  report(watermark: number | undefined, intervalMs: number): Promise<number | undefined>;
  /** What the others have read has changed. */
  changed(): void;
}

/**
 * Watermark alignment with the other subtasks of the group, of this source and others: reports at each interval, whether
 * records flow or not, and knows how far this subtask may read. One report is under way at a time; one that is lost is
 * made good by the next.
 */
export class GroupAlignment {
  readonly #options: GroupAlignmentOptions;
  /** Nothing is known of the others before the first answer: until then they count as not begun. */
  #othersMinimum: number | undefined = MIN_WATERMARK;
  #timer: TimerHandle | undefined;
  #reporting = false;
  #again = false;
  #closed = false;

  constructor(options: GroupAlignmentOptions) {
    this.#options = options;
  }

  /** Smallest watermark of the others; infinite where they hold nobody back. */
  get othersMinimum(): number {
    return this.#othersMinimum ?? Number.POSITIVE_INFINITY;
  }

  start(): void {
    this.#tick();
  }

  /** Reports now: something has changed that others wait for. */
  reportNow(): void {
    if (this.#closed) return;
    if (this.#reporting) {
      this.#again = true;
      return;
    }
    this.#reporting = true;
    const options = this.#options;
    options.report(options.watermark(), options.alignment.updateIntervalMs).then(
      (minimum) => this.#answered(minimum),
      () => this.#settled(),
    );
  }

  close(): void {
    this.#closed = true;
    if (this.#timer !== undefined) this.#options.clock.clearTimeout(this.#timer);
  }

  #tick(): void {
    this.reportNow();
    this.#timer = this.#options.clock.setTimeout(
      () => this.#tick(),
      this.#options.alignment.updateIntervalMs,
    );
  }

  #answered(minimum: number | undefined): void {
    const before = this.#othersMinimum;
    this.#othersMinimum = minimum;
    this.#settled();
    if (before !== minimum && !this.#closed) this.#options.changed();
  }

  #settled(): void {
    this.#reporting = false;
    if (!this.#again) return;
    this.#again = false;
    this.reportNow();
  }
}
