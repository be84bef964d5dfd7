import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InternalError } from '../../base/errors.ts';
import {
  AggregatingStateDescriptor,
  ListStateDescriptor,
  MapStateDescriptor,
  ReducingStateDescriptor,
  ValueStateDescriptor,
} from '../../functions/state.ts';
import { keyGroupRange } from '../key-groups.ts';
import type { KeyedStateBackend } from '../keyed-state-backend.ts';
import type { BackendBench } from './backend-bench.ts';

/** What states of every kind do. */
export function describeStates(bench: () => BackendBench): void {
  const newBackend = (): KeyedStateBackend => bench().create(keyGroupRange(0, 128, 1), 128, { now: () => 0 });

  describe('states', () => {
    it('when two keys use one state, then each sees its own value, and the default where there is none', () => {
      const backend = newBackend();
      const state = backend.getState(new ValueStateDescriptor('count', 7));
      backend.setCurrentKey('a');
      state.update(1);
      backend.setCurrentKey(['a', 1]);
      expect(state.value()).toBe(7);
      state.update(2);
      backend.setCurrentKey('a');
      expect(state.value()).toBe(1);
      state.clear();
      expect(state.value()).toBe(7);
      expect([...backend.keys()]).toEqual([['a', 1]]);
    });

    it('when every state of a key is cleared, then the key takes no memory', () => {
      const backend = newBackend();
      const value = backend.getState(new ValueStateDescriptor<number>('v'));
      const list = backend.getListState(new ListStateDescriptor<number>('l'));
      const map = backend.getMapState(new MapStateDescriptor<string, number>('m'));
      backend.setCurrentKey(1);
      value.update(1);
      list.addAll([1, 2]);
      map.put('x', 1);
      expect(backend.size).toBe(1);
      value.clear();
      list.update([]);
      map.remove('x');
      expect(backend.size).toBe(0);
      list.add(3);
      expect([backend.size, list.get(), map.isEmpty()]).toEqual([1, [3], true]);
    });

    it('when reducing and aggregating states get values, then they fold them', () => {
      const backend = newBackend();
      backend.setCurrentKey(true);
      const sum = backend.getReducingState(new ReducingStateDescriptor<number>('sum', (a, b) => a + b));
      sum.add(1);
      sum.add(2);
      const mean = backend.getAggregatingState(
        new AggregatingStateDescriptor<number, { sum: number; n: number }, number>('mean', {
          createAccumulator: () => ({ sum: 0, n: 0 }),
          add: (value, accumulator) => {
            accumulator.sum += value;
            accumulator.n += 1;
          },
          getResult: (accumulator) => accumulator.sum / accumulator.n,
        }),
      );
      expect(mean.get()).toBeUndefined();
      mean.add(1);
      mean.add(2);
      expect([sum.get(), mean.get()]).toEqual([3, 1.5]);
    });

    it('when a namespace is cleared, then other namespaces and keys keep their state', () => {
      const backend = newBackend();
      const state = backend.namespaced.getState(new ValueStateDescriptor<number>('v'));
      for (const key of ['a', 'b']) {
        for (const namespace of [1, 2]) {
          backend.setCurrentKey(key);
          backend.setCurrentNamespace(namespace);
          state.update(namespace);
        }
      }
      backend.setCurrentKey('a');
      backend.setCurrentNamespace(1);
      backend.clearNamespace();
      expect(state.value()).toBeUndefined();
      backend.setCurrentNamespace(2);
      expect(state.value()).toBe(2);
      backend.clearNamespace();
      expect([...backend.keys()]).toEqual(['b']);
    });

    it('when a name is opened as another kind, then it is refused', () => {
      const backend = newBackend();
      backend.getState(new ValueStateDescriptor('x'));
      expect(() => backend.getListState(new ListStateDescriptor('x'))).toThrow(
        'value state and cannot be opened as a list',
      );
    });

    it('when the state of a key of another subtask is used, then it is an internal error', () => {
      const backend = bench().create({ start: 0, end: -1 }, 128, { now: () => 0 });
      const state = backend.getState(new ValueStateDescriptor<number>('count'));
      backend.setCurrentKey('a');
      expect(() => state.value()).toThrow(InternalError);
      expect(() => state.update(1)).toThrow(InternalError);
    });

    it('when a key is cleared, then all its states are, of every namespace, and other keys keep theirs', () => {
      const backend = newBackend();
      const value = backend.getState(new ValueStateDescriptor<number>('v'));
      const windowed = backend.namespaced.getState(new ValueStateDescriptor<number>('w'));
      for (const key of ['a', 'b']) {
        backend.setCurrentKey(key);
        value.update(1);
        backend.setCurrentNamespace(key);
        windowed.update(2);
      }
      backend.setCurrentKey('a');
      backend.clearKey();
      backend.setCurrentNamespace('a');
      expect([value.value(), windowed.value(), backend.hasNamespaced]).toEqual([undefined, undefined, true]);
      expect([...backend.keys()]).toEqual(['b']);
    });

    it('when values are set and cleared at random, some within one record, then each key has its last one', () => {
      // 1 and 1025, and 2 and 1026, have their low bits in common.
      const key = fc.constantFrom(1, 2, 1_025, 1_026, -1, 1.5, 'a');
      const act = fc.constantFrom('set', 'clear', 'read');
      const records = fc.array(fc.tuple(key, fc.array(act, { minLength: 1, maxLength: 4 })));
      fc.assert(
        fc.property(records, (ops) => {
          const backend = newBackend();
          const state = backend.getState(new ValueStateDescriptor<number>('v'));
          const model = new Map<number | string, number>();
          for (const [index, [current, acts]] of ops.entries()) {
            backend.setCurrentKey(current);
            for (const what of acts) {
              if (what === 'set') {
                state.update(index);
                model.set(current, index);
              } else if (what === 'clear') {
                state.clear();
                model.delete(current);
              }
              expect(state.value()).toBe(model.get(current));
            }
          }
          for (const [current, value] of model) {
            backend.setCurrentKey(current);
            expect(state.value()).toBe(value);
          }
          expect(new Set(backend.keys())).toEqual(new Set(model.keys()));
          expect(backend.size).toBe(model.size);
        }),
        { numRuns: 300 },
      );
    });

    it('when map state is changed at random, then it equals a plain map per key', () => {
      const op = fc.tuple(
        fc.integer({ max: 3, min: 0 }),
        fc.constantFrom('put', 'remove', 'clear'),
        fc.integer({ min: 0, max: 3 }),
      );
      fc.assert(
        fc.property(fc.array(op), (ops) => {
          const backend = newBackend();
          const state = backend.getMapState(new MapStateDescriptor<number, number>('m'));
          const model = new Map<number, Map<number, number>>();
          for (const [key, what, field] of ops) {
            backend.setCurrentKey(key);
            const expected = model.get(key) ?? new Map<number, number>();
            model.set(key, expected);
            if (what === 'put') {
              state.put(field, field * 2);
              expected.set(field, field * 2);
            } else if (what === 'remove') {
              state.remove(field);
              expected.delete(field);
            } else {
              state.clear();
              expected.clear();
            }
            expect([...state.entries()]).toEqual([...expected]);
          }
          expect(backend.size).toBe([...model.values()].filter((map) => map.size > 0).length);
        }),
      );
    });
  });
}
