import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InternalError } from '../../base/errors.ts';
import { ListStateDescriptor, MapStateDescriptor } from '../../functions/state.ts';
import { StateTtlConfig } from '../../functions/state-ttl.ts';
import { InMemoryOperatorStateStore } from './operator-state.ts';
import { redistributeOperatorState } from './redistribute.ts';
import type { Distribution, OperatorStateSnapshot } from './redistribute.ts';

const parts = fc.array(fc.array(fc.integer(), { maxLength: 8 }), { minLength: 1, maxLength: 5 });
const parallelism = fc.integer({ min: 1, max: 7 });

const snapshotsOf = (
  distribution: Distribution,
  elements: readonly (readonly unknown[])[],
): OperatorStateSnapshot[] => elements.map((own) => [{ name: 's', distribution, elements: own }]);

const elementsOf = (snapshots: readonly OperatorStateSnapshot[]): (readonly unknown[])[] =>
  snapshots.map((states) => states.find(({ name }) => name === 's')?.elements ?? []);

describe('redistributeOperatorState', () => {
  it('when a split list goes to another number of subtasks then nothing is lost, doubled or reordered, and parts are even', () => {
    fc.assert(
      fc.property(parts, parallelism, (before, count) => {
        const after = elementsOf(redistributeOperatorState(snapshotsOf('split', before), count));
        expect(after).toHaveLength(count);
        expect(after.flat()).toEqual(before.flat());
        const sizes = after.map((part) => part.length);
        if (count === before.length) expect(after).toEqual(before);
        else expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
      }),
    );
  });

  it('when a union list goes to any number of subtasks then each gets all elements', () => {
    fc.assert(
      fc.property(parts, parallelism, (before, count) => {
        const after = elementsOf(redistributeOperatorState(snapshotsOf('union', before), count));
        expect(after).toEqual(Array.from({ length: count }, () => before.flat()));
      }),
    );
  });

  it('when broadcast state goes to any number of subtasks then each gets the same entries', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.string(), fc.integer()),
        parallelism,
        parallelism,
        (entries, from, count) => {
          const own = Object.entries(entries);
          const before = snapshotsOf(
            'broadcast',
            Array.from({ length: from }, () => own),
          );
          expect(elementsOf(redistributeOperatorState(before, count))).toEqual(
            Array.from({ length: count }, () => own),
          );
        },
      ),
    );
  });

  it('when a subtask never opened a state then the others share it', () => {
    const before: OperatorStateSnapshot[] = [
      [],
      [{ name: 's', distribution: 'split', elements: [1, 2, 3, 4] }],
    ];
    expect(elementsOf(redistributeOperatorState(before, 4))).toEqual([[1], [2], [3], [4]]);
  });

  it('when a name has two distributions then it is an internal error', () => {
    const before = [...snapshotsOf('split', [[1]]), ...snapshotsOf('union', [[1]])];
    expect(() => redistributeOperatorState(before, 2)).toThrow(InternalError);
  });
});

describe('InMemoryOperatorStateStore', () => {
  it('when a snapshot is restored then every state holds what it held, opened or not', () => {
    const store = new InMemoryOperatorStateStore();
    store.getListState(new ListStateDescriptor<number>('list')).addAll([1, 2]);
    store.getUnionListState(new ListStateDescriptor<number>('union')).update([3]);
    store.getBroadcastState(new MapStateDescriptor<string, number>('rules')).put('a', 4);
    const restored = new InMemoryOperatorStateStore(store.snapshot());
    expect([store.isRestored, restored.isRestored]).toEqual([false, true]);
    const list = restored.getListState(new ListStateDescriptor<number>('list'));
    list.add(9);
    expect(list.get()).toEqual([1, 2, 9]);
    expect(restored.getListState(new ListStateDescriptor<number>('list'))).toBe(list);
    const again = new InMemoryOperatorStateStore(restored.snapshot());
    expect(again.getUnionListState(new ListStateDescriptor<number>('union')).get()).toEqual([3]);
    expect([...again.getBroadcastState(new MapStateDescriptor<string, number>('rules')).entries()]).toEqual([
      ['a', 4],
    ]);
  });

  it('when a name is opened as another kind, or with a time to live, then it is refused', () => {
    const store = new InMemoryOperatorStateStore();
    store.getListState(new ListStateDescriptor('x'));
    expect(() => store.getUnionListState(new ListStateDescriptor('x'))).toThrow('is a split state');
    expect(() => store.getBroadcastState(new MapStateDescriptor('x'))).toThrow('its own name');
    const timed = new ListStateDescriptor('timed');
    timed.enableTimeToLive(StateTtlConfig.newBuilder('1 d').build());
    expect(() => store.getListState(timed)).toThrow('only keyed state can');
  });
});
