import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { runSource, SourceHarness } from '../test-support/run-source.ts';
import { DataGeneratorSource } from './data-generator-source.ts';

const identity = (index: number): number => index;

describe('DataGeneratorSource', () => {
  it('when bounded, then every index comes once, whatever parallelism and splits', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: 500 }),
        fc.integer({ min: 1, max: 5 }),
        fc.option(fc.integer({ min: 1, max: 7 }), { nil: undefined }),
        async (count, parallelism, splits) => {
          const source = new DataGeneratorSource({
            generate: identity,
            count,
            ...(splits === undefined ? {} : { splits }),
          });
          const run = await runSource(source, { parallelism, maxRecords: 13 });
          expect([...run.values].sort((a, b) => a - b)).toEqual(
            Array.from({ length: count }, (_, index) => index),
          );
        },
      ),
    );
  });

  it('when it has a rate, then all subtasks together keep it', async () => {
    let now = 0;
    const source = new DataGeneratorSource({ generate: identity, recordsPerSecond: 1000, splits: 3 });
    const run = new SourceHarness(source, { parallelism: 2, now: () => now });
    await run.start();
    await new Promise((resolve) => setImmediate(resolve));
    const poll = (): number => {
      let taken = 0;
      for (const reader of run.readers) {
        for (let batch = reader.poll(100); typeof batch !== 'string'; batch = reader.poll(100))
          taken += batch.values.length;
      }
      return taken;
    };
    let total = 0;
    for (; now < 10_000; now += 10) total += poll();
    expect(total).toBeGreaterThanOrEqual(9_990);
    expect(total).toBeLessThanOrEqual(10_002);
    now += 60_000;
    expect(poll()).toBeLessThanOrEqual(1_003);
  });

  it('when the rate is slow, then the reader sleeps until the next record is due', async () => {
    let now = 0;
    const run = new SourceHarness(new DataGeneratorSource({ generate: identity, recordsPerSecond: 0.5 }), {
      now: () => now,
    });
    await run.start();
    await new Promise((resolve) => setImmediate(resolve));
    expect(run.readers[0]?.poll(10)).toMatchObject({ values: [0] });
    expect(run.readers[0]?.poll(10)).toBe('waiting');
    now = 500;
    await run.readers[0]?.available();
    expect(run.slept).toEqual([1500]);
    now = 2000;
    expect(run.readers[0]?.poll(10)).toMatchObject({ values: [1] });
  });

  it('when read on from a snapshot, then the sequence goes on', async () => {
    const source = new DataGeneratorSource({ generate: identity, count: 100, splits: 2 });
    const first = new SourceHarness(source, { stopAfter: 30, maxRecords: 7 });
    await first.start();
    await first.readToEnd();
    const second = new SourceHarness(source);
    second.readers[0]?.addSplits(first.readers[0]?.snapshotState() ?? []);
    second.readers[0]?.notifyNoMoreSplits();
    await second.readToEnd();
    const all = [...first.result().values, ...second.result().values].sort((a, b) => a - b);
    expect(all).toEqual(Array.from({ length: 100 }, (_, index) => index));
  });

  it('when options make no sense, then they are refused', () => {
    expect(() => new DataGeneratorSource({ generate: identity, count: -1 })).toThrow('count');
    expect(() => new DataGeneratorSource({ generate: identity, recordsPerSecond: 0 })).toThrow(
      'recordsPerSecond',
    );
    expect(() => new DataGeneratorSource({ generate: identity, splits: 1.5 })).toThrow('splits');
  });
});
