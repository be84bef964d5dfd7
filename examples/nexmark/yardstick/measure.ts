import { EventGenerator, splitConfigs } from '../generator/index.ts';
import type { NexmarkEvent, NexmarkOptions } from '../generator/index.ts';

/** What a loop without an engine makes of the same events. */
export interface YardstickResult {
  readonly rows: number;
  readonly seconds: number;
}

/** Runs a query's loop over so many events. */
export type Yardstick = (events: number, options?: NexmarkOptions) => YardstickResult;

/** Takes rows as a discarding sink does: each must have been made. */
export class Rows {
  count = 0;
  last: unknown;

  add(row: unknown): void {
    this.count += 1;
    this.last = row;
  }
}

export interface Loop {
  /** The next events of one generator. Nothing below `watermark` comes after them. */
  batch(events: readonly NexmarkEvent[], watermark: number): void;
  end?(): void;
}

const BATCH = 1_024;
const OUT_OF_ORDERNESS_MS = 4_000;

/** Times a loop over all events: generators in turns, a batch of each, as the source reads them. */
export function yardstick(create: (rows: Rows) => Loop): Yardstick {
  return (events, options = {}) => {
    const generators = splitConfigs({ ...options, numEvents: events }).map((c) => new EventGenerator(c));
    const times = generators.map(() => Number.NEGATIVE_INFINITY);
    const rows = new Rows();
    const loop = create(rows);
    const startedAt = performance.now();
    for (let from = 0; ; from += BATCH) {
      let done = true;
      for (const [index, generator] of generators.entries()) {
        const until = Math.min(from + BATCH, generator.config.maxEvents);
        if (until <= from) {
          times[index] = Number.POSITIVE_INFINITY;
          continue;
        }
        done = false;
        const batch: NexmarkEvent[] = [];
        for (let k = from; k < until; k += 1) batch.push(generator.event(k));
        times[index] = Math.max(times[index] as number, newestOf(batch));
        loop.batch(batch, Math.min(...times) - OUT_OF_ORDERNESS_MS);
      }
      if (done) break;
    }
    loop.end?.();
    return { rows: rows.count, seconds: (performance.now() - startedAt) / 1_000 };
  };
}

function newestOf(batch: readonly NexmarkEvent[]): number {
  let newest = 0;
  for (const { dateTime } of batch) if (dateTime > newest) newest = dateTime;
  return newest;
}
