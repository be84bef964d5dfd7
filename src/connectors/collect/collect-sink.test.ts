import { describe, expect, it } from 'vitest';
import { SINK_BUFFER_ROWS } from '../../base/limits.ts';
import type { SinkWriter } from '../../functions/sink.ts';
import { writerContext } from '../test-support/writer-context.ts';
import { CollectSink } from './collect-sink.ts';

function open(send: (id: string, rows: readonly unknown[]) => Promise<void>): SinkWriter<number> {
  return new CollectSink<number>('answer').createWriter(writerContext({ sendResults: send }));
}

describe('CollectSink', () => {
  it('when rows are written, then they are sent in order, one batch under way', async () => {
    const batches: (readonly unknown[])[] = [];
    let underWay = 0;
    const writer = open(async (id, rows) => {
      expect(id).toBe('answer');
      expect((underWay += 1)).toBe(1);
      await new Promise((resolve) => setImmediate(resolve));
      batches.push(rows);
      underWay -= 1;
    });
    for (let row = 0; row < 10; row += 1) writer.write(row, 0);
    await new Promise((resolve) => setImmediate(resolve));
    for (let row = 10; row < 20; row += 1) writer.write(row, 0);
    await writer.flush(true);
    expect(batches.flat()).toEqual(Array.from({ length: 20 }, (_, row) => row));
    expect(batches.length).toBeLessThanOrEqual(3);
  });

  it('when too many rows wait, then the task waits until they are sent', async () => {
    let release = (): void => {};
    const writer = open(() => new Promise((resolve) => (release = resolve)));
    writer.write(0, 0);
    await Promise.resolve();
    await Promise.resolve();
    expect(writer.pending?.()).toBeUndefined();
    for (let row = 0; row < SINK_BUFFER_ROWS; row += 1) writer.write(row, 0);
    let drained = false;
    const pending = writer.pending?.()?.then(() => (drained = true));
    await new Promise((resolve) => setImmediate(resolve));
    expect(drained).toBe(false);
    release();
    await new Promise((resolve) => setImmediate(resolve));
    release();
    await pending;
    expect(writer.pending?.()).toBeUndefined();
  });

  it('when sending fails, then pending and flush reject with the reason', async () => {
    const writer = open(() => Promise.reject(new Error('no client')));
    writer.write(1, 0);
    await expect(writer.flush(false)).rejects.toThrow('no client');
    await expect(writer.pending?.()).rejects.toThrow('no client');
  });
});
