import { describe, expect, it } from 'vitest';
import { MemorySnapshotStore } from '../../storage/memory/snapshot-store.ts';
import { hashMapBench } from '../test-support/backend-bench.ts';
import { begin, KEYS, Operator } from '../test-support/operator.ts';
import { SnapshotCorruptError, SnapshotNotFoundError, SnapshotVersionError } from './errors.ts';

const bench = await hashMapBench();

describe('snapshots of keyed state', () => {
  it('when keys come and go between snapshots, then what is noted of them stays small', async () => {
    const store = new MemorySnapshotStore();
    const operator = await Operator.open(bench, store);
    const { run } = begin(operator, store, 'base');
    run.step(() => false);
    await run.finish();
    for (let key = 0; key < 50_000; key += 1) {
      operator.apply(['sum', `k${key}` as 'a', 1]);
      operator.apply(['clear', `k${key}` as 'a', 1]);
    }
    const delta = begin(operator, store, 'delta');
    delta.run.step(() => false);
    expect((await delta.run.finish()).pairs).toBe(0);
  });

  it('when a byte of the file is changed, then restoring it names the file and what is wrong', async () => {
    const store = new MemorySnapshotStore();
    const operator = await Operator.open(bench, store);
    for (const key of KEYS) operator.apply(['value', key, 1]);
    const { run, file } = begin(operator, store, 'full');
    run.step(() => false);
    await run.finish();
    const good = await store.read(file);
    for (let at = 0; at < good.byteLength; at += 7) {
      const bad = new Uint8Array(good);
      bad[at] = (bad[at] as number) ^ 0x10;
      await store.delete(['bad']);
      const other = await store.create('bad');
      await other.write(bad);
      await other.close();
      await expect(Operator.open(bench, store, ['bad'])).rejects.toSatisfy(
        (error: unknown) =>
          (error instanceof SnapshotCorruptError || error instanceof SnapshotVersionError) &&
          error.message.includes('bad'),
      );
    }
    await expect(Operator.open(bench, store, ['missing'])).rejects.toThrow(SnapshotNotFoundError);
  });
});
