import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FILE_BUFFER_CHARS } from '../../base/limits.ts';
import type { Sink } from '../../functions/sink.ts';
import { runSource } from '../test-support/run-source.ts';
import { temporaryFolder } from '../test-support/temporary-folder.ts';
import type { WriterPlace } from '../test-support/writer-context.ts';
import { writerContext } from '../test-support/writer-context.ts';
import { FileSink } from './file-sink.ts';
import { FileSource } from './file-source.ts';

const root = temporaryFolder();
let folders = 0;
const newFolder = (): string => join(root, `out-${(folders += 1)}`);

/** Writes as a subtask would, honouring backpressure, until its input ends. */
async function write<T>(sink: Sink<T>, values: Iterable<T>, place: WriterPlace = {}): Promise<void> {
  const writer = await sink.createWriter(writerContext(place));
  for (const value of values) {
    writer.write(value, 0);
    await writer.pending?.();
  }
  await writer.flush(true);
  await writer.close(false);
}

describe('FileSink', () => {
  it('when the input has ended, then the part has header and rows, and nothing else is in the folder', async () => {
    const folder = newFolder();
    await write(FileSink.csv<{ a: number; b: string }>(folder, { columns: ['b', 'a'] }), [
      { a: 1, b: 'x' },
      { a: 2, b: 'y,"z"' },
    ]);
    expect(readdirSync(folder)).toEqual(['part-0-0.csv']);
    expect(readFileSync(join(folder, 'part-0-0.csv'), 'utf8')).toBe('b,a\nx,1\n"y,""z""",2\n');
  });

  it('when the input goes on, then only a hidden file is there; when it is aborted, then none', async () => {
    const folder = newFolder();
    const writer = await FileSink.jsonLines(folder).createWriter(writerContext({ subtask: 2, attempt: 1 }));
    writer.write({ a: 1 }, 0);
    await writer.flush(false);
    expect(readdirSync(folder)).toEqual(['.part-2-0.jsonl.inprogress-1']);
    await writer.close(true);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('when a new attempt runs after a crash, then leftovers go and the same names are written', async () => {
    const folder = newFolder();
    const sink = FileSink.jsonLines<number>(folder);
    mkdirSync(folder);
    writeFileSync(join(folder, '.part-0-0.jsonl.inprogress-0'), 'half a li');
    writeFileSync(join(folder, '.part-0-1.jsonl.inprogress-1'), 'same attempt, killed run');
    await write(sink, [1, 2], { attempt: 1 });
    expect(readdirSync(folder)).toEqual(['part-0-0.jsonl']);
    expect(readFileSync(join(folder, 'part-0-0.jsonl'), 'utf8')).toBe('1\n2\n');
  });

  it('when a rerun has fewer parts or subtasks, then parts of the earlier run do not stay', async () => {
    const folder = newFolder();
    mkdirSync(folder);
    const names = [
      'part-0-0.csv',
      'part-0-1.csv',
      'part-1-0.csv',
      'part-7-0.csv',
      'part-7-0.jsonl',
      'notes.csv',
    ];
    for (const name of names) writeFileSync(join(folder, name), 'old');
    const sink = FileSink.csv<{ a: number }>(folder, { columns: ['a'] });
    await write(sink, [{ a: 1 }], { subtask: 0, parallelism: 2 });
    await write(sink, [], { subtask: 1, parallelism: 2 });
    expect(readdirSync(folder).sort()).toEqual(['notes.csv', 'part-0-0.csv', 'part-7-0.jsonl']);
  });

  it('when parts roll by size, then every one has a header and all rows are there in order', async () => {
    const rows = Array.from({ length: 1000 }, (_, index) => ({ index }));
    const texts: string[][] = [];
    for (const folder of [newFolder(), newFolder()]) {
      await write(FileSink.csv<{ index: number }>(folder, { columns: ['index'], rollingBytes: 500 }), rows);
      const parts = readdirSync(folder).sort(
        (a, b) => Number(a.split(/[-.]/)[2]) - Number(b.split(/[-.]/)[2]),
      );
      texts.push(parts.map((part) => readFileSync(join(folder, part), 'utf8')));
    }
    const [first = [], second] = texts;
    expect(first).toEqual(second);
    expect(first.length).toBe(8);
    expect(first.every((text) => text.startsWith('index\n'))).toBe(true);
    expect(first.flatMap((text) => text.split('\n').slice(1, -1)).map(Number)).toEqual(
      rows.map(({ index }) => index),
    );
  });

  it('when records come faster than the disk takes them, then the writer asks to wait', async () => {
    const writer = await FileSink.jsonLines<string>(newFolder()).createWriter(writerContext());
    const line = 'x'.repeat(1000);
    for (let chars = 0; chars < FILE_BUFFER_CHARS * 2; chars += line.length) writer.write(line, 0);
    const pending = writer.pending?.();
    expect(pending).toBeInstanceOf(Promise);
    await pending;
    expect(writer.pending?.()).toBeUndefined();
    await writer.close(true);
  });

  it('when the folder cannot be made or written, then the error names it', async () => {
    const occupied = join(root, 'occupied');
    writeFileSync(occupied, '');
    await expect(write(FileSink.jsonLines(occupied), [1])).rejects.toThrow(
      `cannot write to ${occupied}: it exists already`,
    );
    await expect(write(FileSink.jsonLines(join(occupied, 'below')), [1])).rejects.toThrow(
      `cannot write to ${occupied}/below: `,
    );
  });

  it('when writing fails in the background, then pending and flush reject naming the file', async () => {
    const folder = newFolder();
    const writer = await FileSink.jsonLines<number>(folder).createWriter(writerContext());
    mkdirSync(join(folder, '.part-0-0.jsonl.inprogress-0'));
    writer.write(1, 0);
    const message = `cannot write ${folder}/.part-0-0.jsonl.inprogress-0: it exists already`;
    await expect(writer.flush(false)).rejects.toThrow(message);
    await expect(writer.pending?.()).rejects.toThrow(message);
    rmSync(join(folder, '.part-0-0.jsonl.inprogress-0'), { recursive: true });
    await writer.close(true);
  });

  it('when options make no sense, then they are refused', () => {
    expect(() => FileSink.csv('x', { columns: [] })).toThrow('at least one column');
    expect(() => FileSink.csv<{ a: 1 }>('x', { columns: ['a', 'a'] })).toThrow('named twice');
    expect(() => FileSink.csv<{ a: 1 }>('x', { columns: ['a'], delimiter: ';;' })).toThrow('one character');
    expect(() => FileSink.jsonLines('x', { rollingBytes: 0 })).toThrow('rollingBytes');
  });
});

describe('what a sink writes a source reads', () => {
  const texts = fc.array(
    fc.record({
      a: fc.string({ unit: 'grapheme' }),
      b: fc.string(),
      'c d': fc.constantFrom('', 'x\ny', ' "', '\r\n', '\ufeff'),
    }),
    {
      minLength: 1,
      maxLength: 20,
    },
  );

  it('when text is written as CSV, then the same text is read', async () => {
    await fc.assert(
      fc.asyncProperty(texts, fc.constantFrom(',', ';', '\t', '|', ']', '^'), async (rows, delimiter) => {
        const folder = newFolder();
        await write(
          FileSink.csv<(typeof rows)[number]>(folder, { columns: ['a', 'b', 'c d'], delimiter }),
          rows,
        );
        expect((await runSource(FileSource.csv(folder, { delimiter }))).values).toEqual(rows);
      }),
      { numRuns: 200 },
    );
  });

  it('when one column is written as CSV, then also empty values are read', async () => {
    const folder = newFolder();
    await write(FileSink.csv<{ a: string }>(folder, { columns: ['a'] }), [{ a: '' }, { a: 'x' }, { a: '' }]);
    expect((await runSource(FileSource.csv(folder))).values).toEqual([{ a: '' }, { a: 'x' }, { a: '' }]);
  });

  it('when values of other types are written as CSV, then they have one plain form', async () => {
    const folder = newFolder();
    const row = { n: 1.5, big: 9007199254740993n, yes: true, no: null, at: new Date(0), list: [1, 'a'] };
    await write(
      FileSink.csv<typeof row>(folder, { columns: ['n', 'big', 'yes', 'no', 'at', 'list'], header: false }),
      [row],
    );
    expect(readFileSync(join(folder, 'part-0-0.csv'), 'utf8')).toBe(
      '1.5,9007199254740993,true,,1970-01-01T00:00:00.000Z,"[1,""a""]"\n',
    );
  });

  it('when JSON is written in lines, then the same values are read', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.jsonValue(), { maxLength: 20 }), async (values) => {
        const folder = newFolder();
        await write(FileSink.jsonLines<unknown>(folder), values);
        const run = await runSource(FileSource.jsonLines(folder, { splitBytes: 20 }));
        expect(run.values).toEqual(JSON.parse(JSON.stringify(values)));
      }),
      { numRuns: 200 },
    );
  });
});
