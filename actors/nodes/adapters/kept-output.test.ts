import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { OUTPUT_KEPT_BYTES } from '../../../src/base/limits.ts';
import { keepOwnOutput } from './kept-output.ts';
import { SilentLogger } from './silent-logger.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-output-'));
});
afterEach(() => rm(folder, { recursive: true }));

/** Stands for the process's standard output. */
class Output {
  readonly written: unknown[][] = [];

  write(...all: unknown[]): boolean {
    this.written.push(all);
    return true;
  }
}

const keep = (output: Output): (() => Promise<void>) =>
  keepOwnOutput(join(folder, 'jobmanager.log'), new SilentLogger(), output);

describe('what a process prints itself', () => {
  it('when nothing is printed, then there is no file', async () => {
    await keep(new Output())();
    expect(await readdir(folder)).toEqual([]);
  });

  it('when lines are printed, then they go on as they are, and into the file until it is ended', async () => {
    const output = new Output();
    const end = keep(output);
    const done = (): void => {};
    output.write('one\n', done);
    output.write('dHdvCg==', 'base64', done);
    output.write(Buffer.from('three\n'));
    await end();
    output.write('four\n');
    expect(output.written).toEqual([
      ['one\n', done],
      ['dHdvCg==', 'base64', done],
      [Buffer.from('three\n')],
      ['four\n'],
    ]);
    expect(await readFile(join(folder, 'jobmanager.out'), 'utf8')).toBe('one\ntwo\nthree\n');
  });

  it('when more is printed than is kept, then the file says so, and all goes on', async () => {
    const output = new Output();
    const end = keep(output);
    output.write('kept\n');
    output.write(Buffer.alloc(OUTPUT_KEPT_BYTES));
    output.write('more\n');
    await end();
    expect(await readFile(join(folder, 'jobmanager.out'), 'utf8')).toBe('kept\n\n(more is not kept)\n');
    expect(output.written).toHaveLength(3);
  });

  it('when the file cannot be written, then lines go on', async () => {
    const output = new Output();
    const end = keepOwnOutput(join(folder, 'nowhere', 'jobmanager.log'), new SilentLogger(), output);
    output.write('one\n');
    await end();
    expect(output.written).toEqual([['one\n']]);
  });
});
