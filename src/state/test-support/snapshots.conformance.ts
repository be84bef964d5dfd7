import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ListStateDescriptor, ValueStateDescriptor } from '../../functions/state.ts';
import { StateTtlConfig } from '../../functions/state-ttl.ts';
import type { SnapshotStore } from '../../ports/snapshot-store.ts';
import { StateIncompatibleError } from '../snapshot/errors.ts';
import { StateReader } from '../snapshot/state-reader.ts';
import { hashMapBench } from './backend-bench.ts';
import type { BackendBench } from './backend-bench.ts';
import { begin, Operator, step } from './operator.ts';

/** Snapshots of a backend, restored by itself and by the other kind. */
export function describeSnapshots(
  bench: () => BackendBench,
  other: () => BackendBench,
  newStore: () => SnapshotStore,
): void {
  describe('snapshots', () => {
    it('when state changes while snapshots are written, then base and deltas restore it as it was at each begin, whoever went on', async () => {
      let turns = 0;
      const round = fc.record({
        before: fc.array(step, { maxLength: 25 }),
        during: fc.array(step, { maxLength: 15 }),
        stepsFirst: fc.nat(2),
        mode: fc.constantFrom(
          'full' as const,
          'base' as const,
          'delta' as const,
          'delta' as const,
          'aside' as const,
        ),
        /** Of a snapshot aside: others need it not. */
        isAborted: fc.boolean(),
        /** Whether what is restored from it goes on. */
        fails: fc.boolean(),
      });
      await fc.assert(
        fc.asyncProperty(fc.array(round, { minLength: 1, maxLength: 5 }), async (rounds) => {
          const store = newStore();
          let operator = await Operator.open(bench(), store);
          // All the same, but never lazily restored.
          let model = await Operator.open(await hashMapBench(), store);
          let chain: string[] = [];
          let tracked = false;
          for (const { before, during, stepsFirst, mode, isAborted, fails } of rounds) {
            for (const one of before) await operator.use(one);
            for (const one of before) model.apply(one);
            const expected = model.seen();
            if (operator.backend.remote?.any !== true) expect(operator.seen()).toEqual(expected);
            const { run, file } = begin(operator, store, mode);
            let left = stepsFirst;
            // One look's worth of rows, then changes, then the rest.
            const done = left > 0 && run.step(() => (left -= 1) <= 0);
            for (const one of during) await operator.use(one);
            for (const one of during) model.apply(one);
            if (mode === 'aside' && isAborted) {
              await run.abort();
              continue;
            }
            if (!done) expect(run.step(() => false)).toBe(true);
            await run.finish();
            const files = mode === 'delta' && tracked ? [...chain, file] : [file];
            if (mode !== 'aside') {
              await run.moveRemote?.(await StateReader.open(store, file));
              chain = files;
              tracked = mode !== 'full';
              const old = (await store.list('')).map(({ path }) => path);
              await store.delete(old.filter((path) => !files.includes(path)));
            }
            const restored = await Operator.open((turns += 1) % 2 === 0 ? bench() : other(), store, files);
            expect(await restored.look()).toEqual(expected);
            if (!fails || mode === 'aside') continue;
            operator = await Operator.open(bench(), store, chain);
            tracked = operator.backend.goOnFromRestored !== undefined;
            operator.backend.goOnFromRestored?.();
            model = await Operator.open(await hashMapBench(), store, chain);
          }
        }),
        { numRuns: 300 },
      );
    });

    it('when a snapshot is restored at another parallelism, then each subtask gets its own key groups, all together everything', async () => {
      const store = newStore();
      const operator = await Operator.open(bench(), store);
      for (let key = 0; key < 200; key += 1) {
        operator.apply(['value', `k${key}` as 'a', 2]);
        operator.apply(['pane', `k${key}` as 'a', 1]);
        operator.apply(['timer', `k${key}` as 'a', key % 4]);
      }
      const whole = operator.seen() as { rows: string[]; timers: string[] };
      const { run, file } = begin(operator, store, 'full');
      run.step(() => false);
      await run.finish();
      for (const parallelism of [1, 2, 3, 5, 16]) {
        const parts = await Promise.all(
          Array.from({ length: parallelism }, (_, index) =>
            Operator.open(index % 2 === 0 ? bench() : other(), store, [file], index, parallelism),
          ),
        );
        const seen = await Promise.all(
          parts.map(async (part) => (await part.look()) as { rows: string[]; timers: string[] }),
        );
        expect(seen.flatMap(({ rows }) => rows).toSorted()).toEqual(whole.rows);
        expect(seen.flatMap(({ timers }) => timers).toSorted()).toEqual(whole.timers);
      }
    });

    it('when few keys changed, then a delta is a small part of the base', async () => {
      const store = newStore();
      const operator = await Operator.open(bench(), store);
      for (let key = 0; key < 10_000; key += 1) operator.apply(['value', `k${key}` as 'a', 2]);
      const base = begin(operator, store, 'base');
      base.run.step(() => false);
      const written = await base.run.finish();
      for (let key = 0; key < 100; key += 1) operator.apply(['value', `k${key}` as 'a', 2]);
      const delta = begin(operator, store, 'delta');
      delta.run.step(() => false);
      const changed = await delta.run.finish();
      expect(changed.pairs).toBe(100);
      expect(changed.bytes).toBeLessThan(written.bytes * 0.03);
    });

    it('when a snapshot is taken aside, then the next delta is as small as without, and base and delta give all of it', async () => {
      const store = newStore();
      const operator = await Operator.open(bench(), store);
      const save = async (mode: 'base' | 'delta' | 'aside') => {
        const { run, file } = begin(operator, store, mode);
        run.step(() => false);
        return { file, pairs: (await run.finish()).pairs };
      };
      for (let key = 0; key < 1_000; key += 1) operator.apply(['value', `k${key}` as 'a', 2]);
      const base = await save('base');
      for (let key = 0; key < 10; key += 1) operator.apply(['value', `k${key}` as 'a', 3]);
      const aside = await save('aside');
      for (let key = 5; key < 15; key += 1) operator.apply(['value', `k${key}` as 'a', 4]);
      const delta = await save('delta');
      expect([base.pairs, aside.pairs, delta.pairs]).toEqual([1_000, 1_000, 15]);
      const restored = await Operator.open(bench(), store, [base.file, delta.file]);
      expect(await restored.look()).toEqual(operator.seen());
    });

    it('when a state is opened as another kind than the snapshot holds, then it is refused', async () => {
      const store = newStore();
      const operator = await Operator.open(bench(), store);
      operator.apply(['value', 'a', 1]);
      const { run, file } = begin(operator, store, 'full');
      run.step(() => false);
      await run.finish();
      const restored = await Operator.open(bench(), store, [file]);
      expect(() => restored.backend.getListState(new ListStateDescriptor('value'))).toThrow(
        StateIncompatibleError,
      );
    });

    it('when a state gets a time to live after it was saved without, then its values count as written at the restore', async () => {
      const store = newStore();
      const operator = await Operator.open(bench(), store);
      operator.apply(['value', 'a', 3]);
      operator.apply(['list', 'a', 3]);
      const { run, file } = begin(operator, store, 'full');
      run.step(() => false);
      await run.finish();
      const { backend } = await Operator.open(bench(), store, [file]);
      await backend.remote?.all();
      const value = new ValueStateDescriptor<{ n: number }>('value');
      const list = new ListStateDescriptor<number>('list');
      for (const descriptor of [value, list])
        descriptor.enableTimeToLive(StateTtlConfig.newBuilder(10).build());
      backend.setCurrentKey('a');
      expect([backend.getState(value).value(), backend.getListState(list).get()]).toEqual([{ n: 3 }, [3]]);
    });
  });
}
