import { UserError } from './errors.ts';

/** Timestamp of a record that has none. Smaller than every real timestamp, exact as a float64. */
export const NO_TIMESTAMP = Number.MIN_SAFE_INTEGER;
/** Watermark before any was seen. */
export const MIN_WATERMARK = Number.MIN_SAFE_INTEGER;
/** Watermark after the last record of a bounded input: all event time has passed. */
export const MAX_WATERMARK = Number.MAX_SAFE_INTEGER;

/** A span of time. */
export class Duration {
  /** Whole or fractional milliseconds. */
  readonly ms: number;

  private constructor(ms: number) {
    this.ms = ms;
  }

  static ofMillis(value: number): Duration {
    if (!Number.isFinite(value)) throw new UserError(`a duration must be a finite number, got ${value}`);
    return new Duration(value);
  }

  static ofSeconds(value: number): Duration {
    return Duration.ofMillis(value * 1000);
  }

  static ofMinutes(value: number): Duration {
    return Duration.ofMillis(value * 60_000);
  }

  static ofHours(value: number): Duration {
    return Duration.ofMillis(value * 3_600_000);
  }

  static ofDays(value: number): Duration {
    return Duration.ofMillis(value * 86_400_000);
  }

  toString(): string {
    return `${this.ms} ms`;
  }
}

/** The guide's spelling of durations: `Time.minutes(5)`. */
export const Time = {
  milliseconds: (value: number): Duration => Duration.ofMillis(value),
  seconds: (value: number): Duration => Duration.ofSeconds(value),
  minutes: (value: number): Duration => Duration.ofMinutes(value),
  hours: (value: number): Duration => Duration.ofHours(value),
  days: (value: number): Duration => Duration.ofDays(value),
} as const;

/** A duration as users write it: a `Duration`, milliseconds, or text such as `10 s`, `5min`, `1 h`. */
export type DurationLike = Duration | number | string;

const UNITS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  nano: 1e-6,
  nanos: 1e-6,
  nanosecond: 1e-6,
  nanoseconds: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  micro: 1e-3,
  micros: 1e-3,
  microsecond: 1e-3,
  microseconds: 1e-3,
  '': 1,
  ms: 1,
  milli: 1,
  millis: 1,
  millisecond: 1,
  milliseconds: 1,
  s: 1000,
  sec: 1000,
  secs: 1000,
  second: 1000,
  seconds: 1000,
  m: 60_000,
  min: 60_000,
  mins: 60_000,
  minute: 60_000,
  minutes: 60_000,
  h: 3_600_000,
  hour: 3_600_000,
  hours: 3_600_000,
  d: 86_400_000,
  day: 86_400_000,
  days: 86_400_000,
};

/** Milliseconds of a duration; throws UserError naming `what` when the text is no duration. */
export function toMillis(duration: DurationLike, what = 'duration'): number {
  if (duration instanceof Duration) return duration.ms;
  if (typeof duration === 'number') {
    if (Number.isFinite(duration)) return duration;
    throw new UserError(`${what} must be a finite number of milliseconds, got ${duration}`);
  }
  const match = /^\s*(\d+(?:\.\d+)?)\s*([a-zµ]*)\s*$/i.exec(duration);
  const unit = match === null ? undefined : UNITS[(match[2] ?? '').toLowerCase()];
  if (match === null || unit === undefined) {
    throw new UserError(
      `${what}: "${duration}" is not a duration; write for example 500 ms, 10 s, 5 min, 1 h or 1 d`,
    );
  }
  return Number(match[1]) * unit;
}
