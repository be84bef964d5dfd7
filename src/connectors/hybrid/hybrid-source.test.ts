import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CollectionSource } from '../collection/collection-source.ts';
import { DataGeneratorSource } from '../generator/data-generator-source.ts';
import { runSource, SourceHarness } from '../test-support/run-source.ts';
import { HybridSource } from './hybrid-source.ts';

const numbers = (first: number, count: number, splits?: number): DataGeneratorSource<number> =>
  new DataGeneratorSource({
    generate: (index) => first + index,
    count,
    ...(splits === undefined ? {} : { splits }),
  });

const inOrder = (values: readonly number[]): number[] => values.toSorted((a, b) => a - b);

describe('HybridSource', () => {
  it('when sources follow each other then each reader reads all of one before any of the next', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 0, max: 30 }), { minLength: 1, maxLength: 4 }),
        fc.integer({ min: 1, max: 4 }),
        fc.integer({ min: 1, max: 40 }),
        async (counts, parallelism, maxRecords) => {
          const builder = HybridSource.builder(numbers(0, counts[0] as number, 3));
          for (const [index, count] of counts.entries()) {
            if (index > 0) builder.addSource(numbers(index * 100, count));
          }
          const run = await runSource(builder.build(), { parallelism, maxRecords });
          const wanted = counts.flatMap((count, index) =>
            Array.from({ length: count }, (_, i) => index * 100 + i),
          );
          expect(inOrder(run.values)).toEqual(wanted);
          for (const own of run.bySubtask) {
            const sources = own.map((value) => Math.floor(value / 100));
            expect(sources).toEqual(inOrder(sources));
          }
        },
      ),
    );
  });

  it('when splits are handed out one by one then ids carry the source, and no split of the next comes before the end', async () => {
    const source = HybridSource.builder(new CollectionSource([1, 2]))
      .addSource(new CollectionSource([3]))
      .build();
    const { assigned, values } = await runSource(source, { parallelism: 2 });
    expect(values).toEqual([1, 2, 3]);
    expect(assigned.filter((split) => split.includes('/'))).toHaveLength(2);
    const begin = assigned.findIndex((split) => split.endsWith('1/collection'));
    expect(assigned.slice(0, begin).filter((split) => split.endsWith('end of 0'))).toHaveLength(2);
  });

  it('when a reader fails after the switch then its next attempt reads again what it held of both sources', async () => {
    const source = HybridSource.builder(numbers(0, 4)).addSource(numbers(100, 4)).build();
    const first = new SourceHarness(source, { parallelism: 1, maxRecords: 1, stopAfter: 6 });
    await first.start();
    await first.readToEnd();
    expect(first.bySubtask).toEqual([[0, 1, 2, 3, 100, 101]]);
    const sent: unknown[] = [];
    const enumerator = source.createEnumerator({
      parallelism: 1,
      now: () => 0,
      assignSplits: (_subtask, splits) => sent.push(...splits.map(({ splitId }) => splitId)),
      signalNoMoreSplits: () => sent.push('no more'),
    });
    await enumerator.start();
    enumerator.addReader(0);
    enumerator.handleSplitRequest(0);
    enumerator.handleSplitRequest(0);
    expect(sent).toEqual(['0/0/1', 'end of 0', '1/0/1', 'no more']);
    sent.length = 0;
    enumerator.addSplitsBack(
      [
        { splitId: '0/0/1', sourceIndex: 0, split: { splitId: '0/1' } },
        { splitId: 'end of 0', sourceIndex: 0, split: null },
        { splitId: '1/0/1', sourceIndex: 1, split: { splitId: '0/1' } },
      ],
      0,
    );
    enumerator.addReader(0);
    enumerator.handleSplitRequest(0);
    expect(sent).toEqual(['0/0/1', 'end of 0', '1/0/1', 'no more']);
    await first.close();
  });

  it('when a source before the last is unbounded then it is refused; when the last is, then so is the whole', () => {
    const endless = new DataGeneratorSource({ generate: (index) => index });
    expect(() => HybridSource.builder(endless).addSource(numbers(0, 1)).build()).toThrow('source 1 of 2');
    expect(HybridSource.builder(numbers(0, 1)).addSource(endless).build().boundedness).toBe(
      'continuous-unbounded',
    );
  });

  it('when a split of the source in hand is paused then it gives nothing until it is resumed', async () => {
    const source = HybridSource.builder(numbers(0, 4, 2))
      .addSource(numbers(100, 2))
      .build();
    const harness = new SourceHarness(source);
    await harness.start();
    const [reader] = harness.readers;
    await reader?.available();
    reader?.pauseOrResumeSplits?.(['0/0/2'], []);
    const first = reader?.poll(10);
    expect(first).toMatchObject({ splitId: '0/1/2', values: [1, 3] });
    expect(reader?.poll(10)).toBe('waiting');
    reader?.pauseOrResumeSplits?.([], ['0/0/2']);
    expect(reader?.poll(10)).toMatchObject({ splitId: '0/0/2', values: [0, 2] });
    await harness.close();
  });
});
