import { UserError } from '../../base/errors.ts';
import { FILE_ROLL_CHECK_MS } from '../../base/limits.ts';
import { toMillis } from '../../base/time.ts';
import type { DurationLike } from '../../base/time.ts';

export interface RollingOptions {
  /** A part file is followed by the next when it has reached this many bytes. Default: no bound. */
  readonly rollingBytes?: number;
  /** ... when it was begun so long ago, looked at once a minute or more often. Default: no bound. */
  readonly rolloverInterval?: DurationLike;
  /** ... when nothing was written to it for so long. Default: no bound. */
  readonly inactivityInterval?: DurationLike;
}

/** When a part has grown or lived enough; bounds in bytes and ms, `Infinity` for none. */
export interface RollingPolicy {
  readonly bytes: number;
  readonly rolloverMs: number;
  readonly inactivityMs: number;
}

/** @throws UserError for a bound that is not positive */
export function rollingPolicy(options: RollingOptions): RollingPolicy {
  const { rollingBytes = Infinity, rolloverInterval, inactivityInterval } = options;
  if (!(rollingBytes > 0)) throw new UserError(`rollingBytes must be positive, got ${rollingBytes}`);
  return {
    bytes: rollingBytes,
    rolloverMs: interval(rolloverInterval, 'rolloverInterval'),
    inactivityMs: interval(inactivityInterval, 'inactivityInterval'),
  };
}

function interval(duration: DurationLike | undefined, name: string): number {
  if (duration === undefined) return Infinity;
  const ms = toMillis(duration, name);
  if (ms > 0) return ms;
  throw new UserError(`${name} must be positive, got ${ms} ms`);
}

/** What is looked at of the part in hand. */
export interface PartActivity {
  /** Number of the part, and whether it holds anything. */
  readonly part: number;
  readonly empty: boolean;
  /** Records written so far, to all parts. */
  readonly records: number;
}

/** Watches the age of the part in hand, beside the records: they cost no look at the clock. */
export class RollingTimer {
  readonly #timer: NodeJS.Timeout | undefined;
  #part = -1;
  #begunAt = 0;
  #records = -1;
  #activeAt = 0;

  constructor(policy: RollingPolicy, now: () => number, look: () => PartActivity, roll: () => void) {
    const soonest = Math.min(policy.rolloverMs, policy.inactivityMs);
    if (soonest === Infinity) return;
    this.#timer = setInterval(
      () => {
        if (this.#isDue(policy, look(), now())) roll();
      },
      Math.min(soonest, FILE_ROLL_CHECK_MS),
    );
    this.#timer.unref();
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #isDue(policy: RollingPolicy, { part, empty, records }: PartActivity, now: number): boolean {
    if (records !== this.#records) this.#activeAt = now;
    this.#records = records;
    if (empty) return false;
    if (part !== this.#part) this.#begunAt = now;
    this.#part = part;
    return now - this.#begunAt >= policy.rolloverMs || now - this.#activeAt >= policy.inactivityMs;
  }
}
