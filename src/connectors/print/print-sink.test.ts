import { describe, expect, it } from 'vitest';
import { writerContext } from '../test-support/writer-context.ts';
import { PrintSink } from './print-sink.ts';

async function print(values: readonly unknown[], prefix?: string, parallelism = 1): Promise<string[]> {
  const written: string[] = [];
  const output = {
    write: (text: string, done: () => void) => {
      written.push(text);
      done();
    },
  };
  const writer = new PrintSink<unknown>(prefix, output).createWriter(
    writerContext({ subtask: 1, parallelism }),
  );
  for (const value of values) writer.write(value, 0);
  await writer.flush(true);
  expect(written.length).toBeLessThanOrEqual(1);
  return written.join('').split('\n').slice(0, -1);
}

describe('PrintSink', () => {
  it('when values are printed, then each is one line, strings as they are', async () => {
    expect(await print(['text', 7, { a: 1, b: [1, { c: null }] }, 3n])).toEqual([
      'text',
      '7',
      '{ a: 1, b: [ 1, { c: null } ] }',
      '3n',
    ]);
  });

  it('when there are a prefix and several subtasks, then lines begin as in Flink', async () => {
    expect(await print(['x'], 'out')).toEqual(['out> x']);
    expect(await print(['x'], 'out', 3)).toEqual(['out:2> x']);
    expect(await print(['x'], undefined, 3)).toEqual(['2> x']);
  });

  it('when the output fails, then the error says so', async () => {
    const output = { write: (_: string, done: (error: Error) => void) => done(new Error('EPIPE')) };
    const writer = new PrintSink<string>('', output).createWriter(writerContext());
    writer.write('x', 0);
    await expect(writer.flush(true)).rejects.toThrow('cannot print to the standard output: EPIPE');
  });
});
