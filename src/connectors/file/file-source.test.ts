import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { PARQUET_FIXTURE } from '../../formats/test-support/parquet-fixture.ts';
import { runSource, SourceHarness } from '../test-support/run-source.ts';
import { temporaryFolder } from '../test-support/temporary-folder.ts';
import { FileSource } from './file-source.ts';
import type { FileSplit } from './file-split.ts';
import { listFiles } from './list-files.ts';

const folder = temporaryFolder();
let files = 0;

function file(content: string | Uint8Array, name = `file-${(files += 1)}`): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

describe('FileSource.jsonLines', () => {
  it('when a file is read, then every line is a record, blank lines and a byte order mark are passed over', async () => {
    const path = file('\ufeff{"a":1}\r\n\n   \n{"a":2}\n[3]\n4');
    expect((await runSource(FileSource.jsonLines(path))).values).toEqual([{ a: 1 }, { a: 2 }, [3], 4]);
  });

  it('when the file is cut anywhere, then every record is read once, in the order of the splits', async () => {
    const text = fc.array(
      fc.json({ maxDepth: 2 }).filter((json) => !json.includes('\n')),
      { maxLength: 30 },
    );
    await fc.assert(
      fc.asyncProperty(
        text,
        fc.integer({ min: 1, max: 40 }),
        fc.boolean(),
        async (lines, splitBytes, lastEnds) => {
          const path = file(lines.join('\n') + (lastEnds ? '\n' : ''), 'cut.jsonl');
          const run = await runSource(FileSource.jsonLines(path, { splitBytes }), { maxRecords: 7 });
          expect(run.values).toEqual(lines.map((line) => JSON.parse(line) as unknown));
        },
      ),
      { numRuns: 150 },
    );
  });

  it('when lines are larger than what is read at once, then they are put together', async () => {
    const rows = Array.from({ length: 5 }, (_, index) => ({ index, text: 'é'.repeat(300_000 + index) }));
    const path = file(rows.map((row) => JSON.stringify(row)).join('\n'));
    const run = await runSource(FileSource.jsonLines(path, { splitBytes: 500_000 }), { parallelism: 2 });
    expect(
      [...run.values].sort((a, b) => (a as { index: number }).index - (b as { index: number }).index),
    ).toEqual(rows);
    expect(new Set(run.assigned).size).toBeGreaterThan(2);
  });

  it('when a reader holds splits, then it tells what is left of them in the unit of the format', async () => {
    const left = async <T>(source: FileSource<T>, stopAfter: number) => {
      const harness = new SourceHarness(source, { stopAfter, maxRecords: 1 });
      await harness.start();
      await harness.readToEnd();
      const [reader] = harness.readers;
      const found = [reader?.pendingBytes?.(), reader?.pendingRecords?.()];
      await harness.close();
      return found;
    };
    const lines = file('{"a":1}\n{"a":2}\n');
    expect(await left(FileSource.jsonLines(lines), 1)).toEqual([16, undefined]);
    expect(await left(FileSource.jsonLines(file(gzipSync('1\n2\n'))), 1)).toEqual([undefined, undefined]);
    const [bytes, rows] = await left(
      FileSource.parquet<{ id: number }>(file(PARQUET_FIXTURE), { columns: ['id'] }),
      1,
    );
    expect(bytes).toBeUndefined();
    expect(rows).toBeGreaterThan(0);
  });

  it('when a line is no JSON, then fail names file and line', async () => {
    const path = file('{"a":1}\n\n{"a":\n{"a":4}\n');
    await expect(runSource(FileSource.jsonLines(path))).rejects.toThrow(`${path}, line 3`);
  });

  it('when a bad line stands in a later split, then its line is still counted from the start of the file', async () => {
    const lines = Array.from({ length: 100 }, (_, index) => JSON.stringify({ index }));
    lines[76] = '{oops';
    const path = file(lines.join('\n'));
    const source = FileSource.jsonLines<{ index: number }>(path, { splitBytes: 64, badRecords: 'skip' });
    const run = await runSource(source);
    expect(run.bad).toMatchObject([{ policy: 'skip', where: `${path}, line 77`, raw: '{oops' }]);
    expect(run.values).toHaveLength(99);
  });

  it('when several lines are bad, then dead letters come with the good ones in order', async () => {
    const path = file('x\n1\ny\nz\n2\n3\nlast');
    const run = await runSource(FileSource.jsonLines(path, { badRecords: 'dead-letter' }), { maxRecords: 1 });
    expect(run.values).toEqual([1, 2, 3]);
    expect(run.bad.map(({ raw, where }) => [raw, where.slice(-6)])).toEqual([
      ['x', 'line 1'],
      ['y', 'line 3'],
      ['z', 'line 4'],
      ['last', 'line 7'],
    ]);
  });

  it('when a key is __proto__, then it is a property and no prototype', async () => {
    const path = file('{"__proto__":{"polluted":true},"a":1}\n');
    const [row] = (await runSource(FileSource.jsonLines<object>(path))).values;
    expect(Object.getPrototypeOf(row)).toBe(Object.prototype);
    expect(Object.hasOwn(row as object, '__proto__')).toBe(true);
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });

  it('when a file is compressed with gzip, then it is read as one split, whatever its name', async () => {
    const lines = Array.from({ length: 50_000 }, (_, index) => JSON.stringify({ index }));
    const path = file(gzipSync(lines.join('\n')), 'packed.data');
    const run = await runSource(FileSource.jsonLines<{ index: number }>(path, { splitBytes: 1000 }), {
      parallelism: 2,
    });
    expect(run.assigned).toHaveLength(1);
    expect(run.values.map(({ index }) => index)).toEqual(lines.map((_, index) => index));
  });

  it('when gzip is truncated, then the error names the file', async () => {
    const packed = gzipSync(
      Array.from({ length: 10_000 }, (_, index) => JSON.stringify({ index })).join('\n'),
    );
    const path = file(packed.subarray(0, packed.length / 2));
    await expect(runSource(FileSource.jsonLines(path))).rejects.toThrow(path);
  });

  it('when a file is empty, then there are no records', async () => {
    expect((await runSource(FileSource.jsonLines(file('')))).values).toEqual([]);
  });
});

describe('positions of file splits', () => {
  const sources: readonly (readonly [string, () => FileSource<unknown>])[] = [
    [
      'JSON lines',
      () =>
        FileSource.jsonLines(file(Array.from({ length: 60_000 }, (_, i) => `{"i":${i}}`).join('\n'), 'p1')),
    ],
    [
      'gzip',
      () =>
        FileSource.jsonLines(
          file(gzipSync(Array.from({ length: 60_000 }, (_, i) => `{"i":${i}}`).join('\n')), 'p2'),
        ),
    ],
    [
      'CSV',
      () => FileSource.csv(file('i\n' + Array.from({ length: 60_000 }, (_, i) => `${i}`).join('\n'), 'p3')),
    ],
    ['Parquet', () => FileSource.parquet<{ id: number }>(file(PARQUET_FIXTURE, 'p4'), { columns: ['id'] })],
  ];
  it.each(sources)(
    'when %s is read on from a snapshot, then nothing is lost and nothing comes twice',
    async (_, create) => {
      const source = create();
      const all = (await runSource(source)).values;
      for (const stopAfter of [1, Math.floor(all.length / 3), all.length - 1]) {
        const first = new SourceHarness(source, { stopAfter, maxRecords: Math.min(stopAfter, 999) });
        await first.start();
        await first.readToEnd();
        const held = first.readers[0]?.snapshotState() ?? [];
        const left = first.enumerator.snapshotState();
        const before = first.result().values;
        await first.close();
        const second = new SourceHarness(source);
        second.readers[0]?.addSplits(structuredClone([...held, ...left]));
        second.readers[0]?.notifyNoMoreSplits();
        await second.readToEnd();
        await second.close();
        expect([...before, ...second.result().values]).toEqual(all);
      }
    },
  );
});

describe('FileSource.csv', () => {
  it('when quoted fields hold line breaks, delimiters and quotes, then they are kept', async () => {
    const path = file('\ufeffname,text\r\na,"x\r\ny"\r\n\r\n"b, c","say ""hi"""\r\n');
    const run = await runSource(FileSource.csv(path));
    expect(run.values).toEqual([
      { name: 'a', text: 'x\r\ny' },
      { name: 'b, c', text: 'say "hi"' },
    ]);
  });

  it('when columns are chosen with types, then only these come, converted', async () => {
    const path = file('id;name;ok;n\n1;a;true;5\n2;b;FALSE;\n', 'typed.csv');
    const source = FileSource.csv(path, {
      delimiter: ';',
      columns: { n: 'bigint', ok: 'boolean', id: 'number' },
    });
    const { values } = await runSource(source);
    expectTypeOf(values).toEqualTypeOf<
      readonly { n: bigint | null; ok: boolean | null; id: number | null }[]
    >();
    expect(values).toEqual([
      { n: 5n, ok: true, id: 1 },
      { n: null, ok: false, id: 2 },
    ]);
  });

  it('when there is no header, then columns are named by the options', async () => {
    const path = file('1,2\n3,4\n');
    const source = FileSource.csv(path, { header: false, columns: ['x', 'y'] });
    expect((await runSource(source)).values).toEqual([
      { x: '1', y: '2' },
      { x: '3', y: '4' },
    ]);
  });

  it('when a row has missing columns, then fail names file, line and counts', async () => {
    const path = file('a,b\n1,"x\ny"\n3\n');
    await expect(runSource(FileSource.csv(path))).rejects.toThrow(`${path}, line 4: 1 columns, expected 2`);
  });

  it('when rows are bad in several ways, then the good ones around them are read', async () => {
    const path = file('a,b\n1,2\n3\n4,"x"y\n5,6\n7,8,9\n10,st"ray\n11,"two\nlines"\n12,"open\n13,14\n');
    const run = await runSource(
      FileSource.csv(path, { badRecords: 'skip', columns: { a: 'number', b: 'string' } }),
    );
    expect(run.values.map(({ a }) => a)).toEqual([1, 5, 11, 13]);
    expect(run.bad.map(({ where }) => Number(where.split('line ')[1]))).toEqual([3, 4, 6, 7, 10]);
  });

  it('when a value is not of its column’s type, then the row is bad', async () => {
    const path = file('a,b\nx,1\n2,3\n4,?\n');
    const run = await runSource(
      FileSource.csv(path, { badRecords: 'skip', columns: { b: 'number', a: 'number' } }),
    );
    expect(run.values).toEqual([{ b: 3, a: 2 }]);
    expect(run.bad.map(({ cause }) => (cause as Error).message)).toEqual([
      'column "a": "x" is not valid',
      'column "b": "?" is not valid',
    ]);
  });

  it('when a wanted column is not in the header, then the error names file and columns', async () => {
    const path = file('a,b\n1,2\n');
    await expect(runSource(FileSource.csv(path, { columns: ['c'] }))).rejects.toThrow(
      `${path} has no column c: its columns are a, b`,
    );
  });

  it('when a column is named __proto__, then it is a property and no prototype', async () => {
    const path = file('__proto__,constructor\n1,2\n');
    const [row] = (await runSource(FileSource.csv(path))).values;
    expect(Object.getPrototypeOf(row)).toBe(Object.prototype);
    expect(Object.entries(row as object)).toEqual([
      ['__proto__', '1'],
      ['constructor', '2'],
    ]);
  });

  it('when no field has line breaks, then several subtasks share the file', async () => {
    const path = file('a,b\n' + Array.from({ length: 2000 }, (_, index) => `${index},x`).join('\n'));
    const source = FileSource.csv(path, { multiline: false, splitBytes: 500, columns: { a: 'number' } });
    const run = await runSource(source, { parallelism: 3 });
    expect(run.values.map(({ a }) => a).sort((x, y) => Number(x) - Number(y))).toEqual(
      Array.from({ length: 2000 }, (_, i) => i),
    );
    expect(run.bySubtask.every((values) => values.length > 0)).toBe(true);
  });

  it('when the file is larger than one read and quoted all over, then records are found at their ends', async () => {
    const rows = Array.from({ length: 30_000 }, (_, index) => `${index},"line\n""${index}"",x"`);
    const path = file('a,b\n' + rows.join('\n'));
    const run = await runSource(FileSource.csv(path));
    expect(run.values).toHaveLength(30_000);
    expect(run.values[29_999]).toEqual({ a: '29999', b: 'line\n"29999",x' });
  });
});

describe('FileSource.parquet', () => {
  it('when all columns are read, then values are plain: numbers, milliseconds, null', async () => {
    const path = file(PARQUET_FIXTURE);
    const source = FileSource.parquet(path, { columns: ['id', 'at', 'name', '__proto__', 'score', 'tags'] });
    const run = await runSource(source);
    expect(run.values.map((row) => Object.entries(row))).toEqual([
      Object.entries({ id: 1, at: 1000, name: 'a', ['__proto__']: 1, score: 0.5, tags: { x: 1 } }),
      Object.entries({ id: 2, at: 2500, name: 'b', ['__proto__']: 2, score: 1.5, tags: { x: 2 } }),
      Object.entries({ id: 3, at: 4000, name: null, ['__proto__']: 3, score: 2.5, tags: { x: [1, 2] } }),
      Object.entries({ id: 4, at: 5500, name: 'd', ['__proto__']: 4, score: null, tags: null }),
      Object.entries({ id: 5, at: 7000, name: 'é', ['__proto__']: 5, score: 4.5, tags: {} }),
    ]);
    expect(run.assigned).toHaveLength(3);
    expect(Object.getPrototypeOf(run.values[0])).toBe(Object.prototype);
  });

  it('when bigint and Date are asked for, then they come', async () => {
    const path = file(PARQUET_FIXTURE);
    const run = await runSource(
      FileSource.parquet(path, { columns: ['big', 'at'], int64: 'bigint', timestamps: 'date' }),
    );
    expect(run.values.at(-1)).toEqual({ big: 9007199254740993n, at: new Date(7000) });
  });

  it('when an integer does not fit a number, then the error names file, column and cure', async () => {
    const path = file(PARQUET_FIXTURE);
    await expect(runSource(FileSource.parquet(path, { columns: ['big'] }))).rejects.toThrow(
      `${path}, column "big": 9007199254740993 is too large for a number; read the file with int64: 'bigint'`,
    );
  });

  it('when a wanted column is missing, then the error names it and those there are', async () => {
    const path = file(PARQUET_FIXTURE);
    const source = FileSource.parquet<{ nope: string }>(path, { columns: ['nope'] });
    await expect(runSource(source)).rejects.toThrow(
      `${path} has no column "nope": its columns are id, at, name`,
    );
  });

  it.each([0, 3, 100, 2000, PARQUET_FIXTURE.length - 1])(
    'when the file is cut after %d bytes, then fail names it',
    async (bytes) => {
      const path = file(PARQUET_FIXTURE.subarray(0, bytes));
      await expect(runSource(FileSource.parquet(path))).rejects.toThrow(path);
    },
  );

  it('when one of several files is truncated and bad data is skipped, then the others are read', async () => {
    const [good, bad] = [
      file(PARQUET_FIXTURE, 'good.parquet'),
      file(PARQUET_FIXTURE.subarray(0, 900), 'bad.parquet'),
    ];
    const run = await runSource(
      FileSource.parquet<{ id: number }>([bad, good], { columns: ['id'], badRecords: 'skip' }),
    );
    expect(run.values.map(({ id }) => id)).toEqual([1, 2, 3, 4, 5]);
    expect(run.bad).toMatchObject([{ policy: 'skip', where: bad }]);
  });

  it('when a row group is damaged, then it is bad as a whole and the error names its rows', async () => {
    const damaged = Uint8Array.from(PARQUET_FIXTURE);
    damaged.fill(0xff, 4, 30);
    const path = file(damaged);
    const run = await runSource(
      FileSource.parquet<{ id: number }>(path, { columns: ['id'], badRecords: 'dead-letter' }),
    );
    expect(run.values.map(({ id }) => id)).toEqual([3, 4, 5]);
    expect(String(run.bad[0]?.cause)).toMatch(/^Error: rows 1 to 2: /);
  });

  it('when readers outnumber row groups, then the others end empty', async () => {
    const path = file(PARQUET_FIXTURE);
    const run = await runSource(FileSource.parquet<{ id: number }>(path, { columns: ['id'] }), {
      parallelism: 5,
    });
    expect(run.values.map(({ id }) => id).sort((a, b) => a - b)).toEqual([1, 2, 3, 4, 5]);
  });
});

describe('paths', () => {
  it('when directories, globs, URLs and files are given, then each file is read once, hidden ones not', async () => {
    const root = join(folder, 'tree');
    mkdirSync(join(root, 'b', '.work'), { recursive: true });
    const put = (name: string) => writeFileSync(join(root, name), `"${name}"\n`);
    ['z.jsonl', 'a.jsonl', 'b/c.jsonl', 'b/_meta', 'b/.work/x', 'a.txt'].forEach(put);
    const found = await listFiles([join(root, '*.jsonl'), root, pathToFileURL(join(root, 'a.jsonl'))]);
    expect(found).toEqual(['a.jsonl', 'z.jsonl', 'a.txt', 'b/c.jsonl'].map((name) => join(root, name)));
    const run = await runSource(FileSource.jsonLines<string>(`${root}/**/*.jsonl`));
    expect([...run.values].sort()).toEqual(['a.jsonl', 'b/c.jsonl', 'z.jsonl']);
  });

  it('when a path does not exist or a pattern matches nothing, then the error names it', async () => {
    await expect(runSource(FileSource.jsonLines('/no/such/file.jsonl'))).rejects.toThrow(
      'cannot read /no/such/file.jsonl: it does not exist',
    );
    await expect(runSource(FileSource.csv(join(folder, 'none-*.csv')))).rejects.toThrow(
      `no file matches ${folder}/none-*.csv`,
    );
    expect(() => FileSource.jsonLines([])).toThrow('a file source needs at least one path');
  });

  it('when a file vanishes between listing and reading, then the reader names it', async () => {
    const path = file('1\n', 'vanishing');
    const run = new SourceHarness(FileSource.jsonLines(path));
    await run.enumerator.start();
    rmSync(path);
    await run.readers[0]?.start();
    await expect(run.readToEnd()).rejects.toThrow(`cannot read ${path}: it does not exist`);
    await run.close();
  });

  it('when splits come back, then they are handed out in their old order', async () => {
    const paths = ['a', 'b', 'c', 'd'].map((name) => file(`"${name}"`, `order-${name}`));
    const handed: string[] = [];
    const assign = (_: number, splits: readonly FileSplit[]) =>
      handed.push(...splits.map((split) => split.path.slice(-1)));
    const enumerator = FileSource.jsonLines(paths).createEnumerator({
      parallelism: 2,
      now: () => 0,
      assignSplits: assign,
      signalNoMoreSplits: () => handed.push('end'),
    });
    await enumerator.start();
    for (const subtask of [0, 1, 0]) enumerator.handleSplitRequest(subtask);
    const split = (path: string) => ({
      splitId: `${path}#0`,
      path,
      range: { start: 0, end: 3 },
      position: { offset: 0, skip: 0 },
    });
    enumerator.addSplitsBack([split(paths[1] as string)], 1);
    enumerator.addSplitsBack([split(paths[0] as string), split(paths[2] as string)], 0);
    for (let request = 0; request < 5; request += 1) enumerator.handleSplitRequest(0);
    expect(handed).toEqual(['a', 'b', 'c', 'a', 'b', 'c', 'd', 'end']);
  });
});
