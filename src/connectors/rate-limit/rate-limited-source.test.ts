import { describe, expect, it } from 'vitest';
import { UserError } from '../../base/errors.ts';
import { GENERATOR_BURST_MS } from '../../base/limits.ts';
import type {
  Source,
  SourceBatch,
  SourceReader,
  SourceReaderContext,
  SourceSplit,
} from '../../functions/source.ts';
import { DataGeneratorSource } from '../generator/data-generator-source.ts';
import { RateLimitedSource } from './rate-limited-source.ts';

const NUMBERS = new DataGeneratorSource({ generate: (n) => n, count: 5_000 });

/** A reader of endless ones, `size` at a time whatever it is asked for, and the clock it sees. */
function readerOf(perSecond: number, size?: number, parallelism = 1) {
  let now = 0;
  const slept: number[] = [];
  const inner: Source<number> = {
    boundedness: 'continuous-unbounded',
    createEnumerator: () => {
      throw new Error('not used');
    },
    createReader: (): SourceReader<number, SourceSplit> => ({
      start: () => {},
      addSplits: () => {},
      notifyNoMoreSplits: () => {},
      poll: (max): SourceBatch<number> => ({
        splitId: 's',
        values: Array.from({ length: size ?? max }, () => 1),
      }),
      available: () => Promise.resolve(),
      snapshotState: () => [],
      close: () => {},
    }),
  };
  const context = {
    parallelism,
    now: () => now,
    sleep: (ms: number) => {
      slept.push(ms);
      return Promise.resolve();
    },
  } as unknown as SourceReaderContext;
  const reader = new RateLimitedSource(inner, perSecond).createReader(context);
  /** Records handed out until the clock has gone on by so many ms. */
  const readFor = (ms: number): number => {
    let records = 0;
    for (const until = now + ms; now < until; now += 1) {
      for (let batch = reader.poll(100); typeof batch !== 'string'; batch = reader.poll(100))
        records += batch.values.length;
    }
    return records;
  };
  return { reader, readFor, slept };
}

describe('RateLimitedSource', () => {
  it.each([
    ['asked for', undefined],
    ['more than it is asked for', 64],
  ])('when a reader hands over %s then the rate holds, shared by the subtasks', (_, size) => {
    const { readFor } = readerOf(1_000, size, 4);
    const bound = 250 * 8;
    expect(readFor(8_000)).toBeGreaterThanOrEqual(bound - 64);
    expect(readFor(8_000)).toBeLessThanOrEqual(bound + GENERATOR_BURST_MS / 4 + 64);
  });

  it('when there is no permit then it sleeps until there is one', async () => {
    const { reader, readFor, slept } = readerOf(10);
    expect(readFor(1)).toBe(1);
    await reader.available();
    expect(slept).toEqual([99]);
  });

  it('when the rate is not positive then it is refused', () => {
    for (const rate of [0, -1, Number.NaN])
      expect(() => new RateLimitedSource(NUMBERS, rate)).toThrow(UserError);
  });
});
