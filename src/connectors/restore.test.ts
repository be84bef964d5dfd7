import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Source, SourceSplit } from '../functions/source.ts';
import { CollectionSource } from './collection/collection-source.ts';
import { FileSource } from './file/file-source.ts';
import type { FileSplit } from './file/file-split.ts';
import { DataGeneratorSource } from './generator/data-generator-source.ts';
import { HybridSource } from './hybrid/hybrid-source.ts';
import { SourceHarness } from './test-support/run-source.ts';
import type { BadReport, SourceSnapshot } from './test-support/run-source.ts';
import { temporaryFolder } from './test-support/temporary-folder.ts';

const root = temporaryFolder();
let folders = 0;

/** How a job lives: each life reads so many records at its parallelism, then the next goes on from its checkpoint. */
const lives = fc.array(
  fc.record({
    parallelism: fc.integer({ min: 1, max: 4 }),
    maxRecords: fc.integer({ min: 1, max: 20 }),
    records: fc.integer({ min: 0, max: 40 }),
  }),
  { maxLength: 6 },
);
type Lives = typeof lives extends fc.Arbitrary<infer L> ? L : never;

interface WholeRun<T> {
  readonly values: readonly T[];
  readonly bad: readonly BadReport[];
  /** Values of each life by subtask. */
  readonly lives: readonly (readonly T[][])[];
}

async function live<T, S extends SourceSplit>(source: Source<T, S>, script: Lives): Promise<WholeRun<T>> {
  const bySubtask: T[][][] = [];
  const bad: BadReport[] = [];
  let restored: SourceSnapshot<S> | undefined;
  for (const { records, ...options } of [...script, { parallelism: 2, maxRecords: 7, records: Infinity }]) {
    const run = new SourceHarness(source, { ...options, stopAfter: records }, restored);
    await run.start();
    await run.readToEnd();
    restored = run.snapshot();
    bySubtask.push(run.bySubtask);
    bad.push(...run.bad);
    await run.close();
  }
  return { values: bySubtask.flat(2), bad, lives: bySubtask };
}

const inOrder = (values: readonly number[]): number[] => values.toSorted((a, b) => a - b);
const upTo = (end: number): number[] => Array.from({ length: end }, (_, index) => index);

function writeFiles(name: string, contents: readonly (string | Uint8Array)[]): string {
  const folder = join(root, `${name}-${(folders += 1)}`);
  mkdirSync(folder);
  for (const [index, content] of contents.entries()) writeFileSync(join(folder, `${index}.${name}`), content);
  return folder;
}

/** Files of numbers, so many in each; `end` makes the content of one out of its lines. */
function numbersIn(
  sizes: readonly number[],
  end: (lines: string) => string | Uint8Array,
): (string | Uint8Array)[] {
  let next = 0;
  return sizes.map((size) => end(Array.from({ length: size }, () => `${next++}\n`).join('')));
}

const sizes = fc.array(fc.integer({ min: 0, max: 40 }), { minLength: 1, maxLength: 4 });
const total = (counts: readonly number[]): number => counts.reduce((sum, count) => sum + count, 0);

describe('a source that goes on from a checkpoint, also at another parallelism', () => {
  it('when it is a generator, then every index comes once', async () => {
    await fc.assert(
      fc.asyncProperty(
        lives,
        fc.nat(150),
        fc.option(fc.integer({ min: 1, max: 5 }), { nil: undefined }),
        async (script, count, splits) => {
          const source = new DataGeneratorSource({
            generate: (index) => index,
            count,
            ...(splits === undefined ? {} : { splits }),
          });
          expect(inOrder((await live(source, script)).values)).toEqual(upTo(count));
        },
      ),
    );
  });

  it('when it is a collection, then every value comes once, in order', async () => {
    await fc.assert(
      fc.asyncProperty(lives, fc.nat(150), async (script, count) => {
        expect((await live(new CollectionSource(upTo(count)), script)).values).toEqual(upTo(count));
      }),
    );
  });

  it.each([
    ['lines', (text: string) => text],
    ['gzip', (text: string) => gzipSync(text)],
  ])('when it is files of %s, then every record comes once', async (name, end) => {
    await fc.assert(
      fc.asyncProperty(lives, sizes, fc.integer({ min: 1, max: 60 }), async (script, counts, splitBytes) => {
        const folder = writeFiles(name, numbersIn(counts, end));
        const source = FileSource.jsonLines<number>(folder, { splitBytes });
        expect(inOrder((await live(source, script)).values)).toEqual(upTo(total(counts)));
      }),
      { numRuns: 60 },
    );
  });

  it('when it is CSV, then every row comes once', async () => {
    await fc.assert(
      fc.asyncProperty(lives, sizes, fc.boolean(), async (script, counts, multiline) => {
        const folder = writeFiles(
          'csv',
          numbersIn(counts, (lines) => `n\n${lines}`),
        );
        const source = FileSource.csv(folder, { multiline, splitBytes: 20 });
        const { values } = await live(source, script);
        expect(inOrder(values.map(({ n }) => Number(n)))).toEqual(upTo(total(counts)));
      }),
      { numRuns: 60 },
    );
  });

  it.each([
    ['lines', (text: string) => text],
    ['gzip', (text: string) => gzipSync(text)],
  ])('when %s have bad records, then each good and each bad one comes once', async (name, end) => {
    const lines = fc.array(fc.boolean(), { maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(lives, lines, async (script, good) => {
        const text = good.map((isGood, index) => (isGood ? `${index}\n` : `{bad ${index}\n`)).join('');
        const folder = writeFiles(name, [end(text)]);
        const source = FileSource.jsonLines<number>(folder, { badRecords: 'dead-letter', splitBytes: 100 });
        const run = await live(source, script);
        const indexes = (wanted: boolean): number[] => upTo(good.length).filter((i) => good[i] === wanted);
        expect(inOrder(run.values)).toEqual(indexes(true));
        expect(inOrder(run.bad.map(({ raw }) => Number(raw.slice(5))))).toEqual(indexes(false));
      }),
      { numRuns: 100 },
    );
  });

  it('when it is hybrid, then every record comes once, and in each life no source begins before the one before is read', async () => {
    await fc.assert(
      fc.asyncProperty(lives, sizes, fc.integer({ min: 1, max: 3 }), async (script, counts, splits) => {
        const part = (index: number): DataGeneratorSource<number> =>
          new DataGeneratorSource({ generate: (n) => index * 1000 + n, count: counts[index] ?? 0, splits });
        const builder = HybridSource.builder(part(0));
        for (let index = 1; index < counts.length; index += 1) builder.addSource(part(index));
        const run = await live(builder.build(), script);
        expect(inOrder(run.values)).toEqual(
          counts.flatMap((count, i) => upTo(count).map((n) => i * 1000 + n)),
        );
        for (const life of run.lives) {
          for (const own of life) {
            const sources = own.map((value) => Math.floor(value / 1000));
            expect(sources).toEqual(inOrder(sources));
          }
        }
        const of = (life: readonly number[][]): number[] =>
          life.flat().map((value) => Math.floor(value / 1000));
        for (const [index, life] of run.lives.slice(1).entries())
          expect(Math.min(...of(life), Infinity)).toBeGreaterThanOrEqual(
            Math.max(...of(run.lives[index] ?? []), -Infinity),
          );
      }),
    );
  });
});

describe('enumerators after a restore', () => {
  it('when splits were assigned and not taken, then files are handed out in the order found again', async () => {
    const source = FileSource.jsonLines<number>(writeFiles('lines', ['0\n', '1\n', '2\n', '3\n']));
    const first = new SourceHarness(source);
    await first.enumerator.start();
    const [a, b, ...rest] = first.snapshot().open as FileSplit[];
    const open = [...rest, b as FileSplit, a as FileSplit];
    const second = new SourceHarness(source, {}, { held: [[]], open });
    await second.start();
    await second.readToEnd();
    await second.close();
    expect(second.result().values).toEqual([0, 1, 2, 3]);
  });

  it('when only some subtasks had asked, then each split that is left goes to the subtask it belongs to', async () => {
    const source = new DataGeneratorSource({ generate: (index) => index, count: 8, splits: 4 });
    const run = new SourceHarness(
      source,
      { parallelism: 2 },
      {
        held: [[], []],
        open: [
          { splitId: '3/4', next: 3, step: 4 },
          { splitId: '1/4', next: 5, step: 4 },
        ],
      },
    );
    await run.start();
    await run.readToEnd();
    expect(run.bySubtask).toEqual([[], [3, 7, 5]]);
    await run.close();
  });

  it('when an endless split was held and another one not, then one reader gets both', async () => {
    const source = new DataGeneratorSource({ generate: (index) => index });
    const held = [[{ splitId: '0/2', next: 10, step: 2 }], []];
    const open = [{ splitId: '1/2', next: 1, step: 2 }];
    const run = new SourceHarness(source, { maxRecords: 2, stopAfter: 8 }, { held, open });
    await run.start();
    await Promise.resolve();
    await run.readToEnd();
    expect(inOrder(run.result().values)).toEqual([1, 3, 5, 7, 10, 12, 14, 16]);
    await run.close();
  });
});
