import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  AggregatingStateDescriptor,
  ListStateDescriptor,
  MapStateDescriptor,
  ReducingStateDescriptor,
  ValueStateDescriptor,
} from '../../functions/state.ts';
import { StateTtlConfig, StateVisibility, UpdateType } from '../../functions/state-ttl.ts';
import { SimulatedClock } from '../../testing/simulated-clock.ts';
import { keyGroupRange } from '../key-groups.ts';
import type { KeyedStateBackend } from '../keyed-state-backend.ts';
import type { BackendBench } from './backend-bench.ts';

const TTL = 10;

/** A clock that a test sets. */
function handClock(): { time: number; now(): number } {
  return {
    time: 0,
    now() {
      return this.time;
    },
  };
}

const ALL_KEYS = ['a', 'b', 'c'] as const;

/** A config without background clean-up unless asked for: then what a read sees is exactly predictable. */
const configs = fc.record({
  updateType: fc.constantFrom(UpdateType.OnCreateAndWrite, UpdateType.OnReadAndWrite),
  cleanup: fc.constantFrom(undefined, 1, 3),
  everyRecord: fc.boolean(),
});

type Config = typeof configs extends fc.Arbitrary<infer T> ? T : never;

function configOf({ updateType, cleanup, everyRecord }: Config): StateTtlConfig {
  const builder = StateTtlConfig.newBuilder(TTL).setUpdateType(updateType);
  if (cleanup === undefined) builder.disableCleanupInBackground();
  else builder.cleanupIncrementally(cleanup, everyRecord);
  return builder.build();
}

const step = fc.record({
  wait: fc.integer({ min: 0, max: 7 }),
  key: fc.constantFrom(...ALL_KEYS),
  write: fc.boolean(),
  field: fc.integer({ min: 0, max: 2 }),
  value: fc.integer({ min: 1, max: 9 }),
});

interface Timed {
  readonly value: number;
  at: number;
}

/** What is alive, from the definition; a read renews where the config says so. */
function alive(list: readonly Timed[], now: number, config: Config): Timed[] {
  const live = list.filter(({ at }) => at + TTL > now);
  if (config.updateType === UpdateType.OnReadAndWrite) for (const timed of live) timed.at = now;
  return live;
}

/** State with a time to live. */
export function describeTimeToLive(bench: () => BackendBench): void {
  const newBackend = (clock: { now(): number }): KeyedStateBackend =>
    bench().create(keyGroupRange(0, 128, 1), 128, clock);

  describe('state with a time to live', () => {
    it('when values are written and read at random times, then a read sees what the oracle keeps alive', async () => {
      await fc.assert(
        fc.asyncProperty(configs, fc.array(step), async (config, steps) => {
          const clock = new SimulatedClock({ startAt: 1_000 });
          const backend = newBackend(clock);
          const value = new ValueStateDescriptor('value', -1);
          const list = new ListStateDescriptor<number>('list');
          const map = new MapStateDescriptor<number, number>('map');
          const sum = new ReducingStateDescriptor<number>('sum', (a, b) => a + b);
          const count = new AggregatingStateDescriptor<number, { n: number }, number>('count', {
            createAccumulator: () => ({ n: 0 }),
            add: (_value, accumulator) => void (accumulator.n += 1),
            getResult: ({ n }) => n,
          });
          for (const descriptor of [value, list, map, sum, count])
            descriptor.enableTimeToLive(configOf(config));
          const states = {
            value: backend.getState(value),
            list: backend.getListState(list),
            map: backend.getMapState(map),
            sum: backend.getReducingState(sum),
            count: backend.getAggregatingState(count),
          };
          const models = new Map<
            string,
            { value: Timed[]; list: Timed[]; map: Map<number, Timed>; sum: Timed[]; n: Timed[] }
          >();
          for (const { wait, key, write, field, value: given } of steps) {
            await clock.runFor(wait);
            const now = clock.now();
            backend.setCurrentKey(key);
            const model = models.get(key) ?? {
              value: [],
              list: [],
              map: new Map<number, Timed>(),
              sum: [],
              n: [],
            };
            models.set(key, model);
            if (write) {
              states.value.update(given);
              states.list.add(given);
              states.map.put(field, given);
              states.sum.add(given);
              states.count.add(given);
              const before = (timed: readonly Timed[]): number =>
                timed.find(({ at }) => at + TTL > now)?.value ?? 0;
              model.value = [{ value: given, at: now }];
              model.list.push({ value: given, at: now });
              model.map.delete(field);
              model.map.set(field, { value: given, at: now });
              model.sum = [{ value: before(model.sum) + given, at: now }];
              model.n = [{ value: before(model.n) + 1, at: now }];
            } else {
              model.value = alive(model.value, now, config);
              model.list = alive(model.list, now, config);
              model.sum = alive(model.sum, now, config);
              model.n = alive(model.n, now, config);
              model.map = new Map([...model.map].filter(([, { at }]) => at + TTL > now));
              alive([...model.map.values()], now, config);
              expect(states.value.value()).toBe(model.value[0]?.value ?? -1);
              expect(states.list.get()).toEqual(model.list.map((timed) => timed.value));
              expect(states.sum.get()).toBe(model.sum[0]?.value);
              expect(states.count.get()).toBe(model.n[0]?.value);
              expect(states.map.isEmpty()).toBe(model.map.size === 0);
              expect(new Map(states.map.entries())).toEqual(
                new Map([...model.map].map(([k, v]) => [k, v.value])),
              );
              expect(states.map.contains(field)).toBe(model.map.has(field));
            }
          }
        }),
      );
    });

    it('when other keys are used, then incremental clean-up removes expired keys that nobody reads', () => {
      const clock = handClock();
      const backend = newBackend(clock);
      const descriptor = new ValueStateDescriptor<number>('v');
      descriptor.enableTimeToLive(StateTtlConfig.newBuilder(TTL).cleanupIncrementally(10, false).build());
      const state = backend.getState(descriptor);
      for (let key = 0; key < 100; key += 1) {
        backend.setCurrentKey(key);
        state.update(key);
      }
      expect(backend.size).toBe(100);
      clock.time = TTL;
      backend.setCurrentKey('other');
      for (let turn = 0; turn < 30; turn += 1) state.update(turn);
      expect([...backend.keys()]).toEqual(['other']);
    });

    it('when clean-up runs for every record, then records alone remove expired lists, entries and windows', () => {
      const clock = handClock();
      const backend = newBackend(clock);
      const config = StateTtlConfig.newBuilder(TTL).cleanupIncrementally(4, true).build();
      const list = new ListStateDescriptor<number>('l');
      const map = new MapStateDescriptor<string, number>('m');
      const windowed = new ValueStateDescriptor<number>('w');
      for (const descriptor of [list, map, windowed]) descriptor.enableTimeToLive(config);
      backend.setCurrentKey('a');
      backend.setCurrentNamespace(1);
      backend.getListState(list).add(1);
      backend.getMapState(map).put('x', 1);
      backend.namespaced.getState(windowed).update(1);
      clock.time = TTL;
      for (let record = 0; record < 5; record += 1) backend.setCurrentKey('b');
      expect(backend.size).toBe(0);
    });

    it('when expired values may be returned, then a read gives each of them at most once', () => {
      const clock = handClock();
      const backend = newBackend(clock);
      const config = StateTtlConfig.newBuilder(TTL)
        .setStateVisibility(StateVisibility.ReturnExpiredIfNotCleanedUp)
        .disableCleanupInBackground()
        .build();
      const value = new ValueStateDescriptor<number>('v');
      const list = new ListStateDescriptor<number>('l');
      value.enableTimeToLive(config);
      list.enableTimeToLive(config);
      backend.setCurrentKey('a');
      const states = { value: backend.getState(value), list: backend.getListState(list) };
      states.value.update(1);
      states.list.add(1);
      clock.time = 5;
      states.list.add(2);
      clock.time = TTL;
      expect([states.value.value(), states.value.value()]).toEqual([1, undefined]);
      expect([states.list.get(), states.list.get()]).toEqual([[1, 2], [2]]);
    });

    it('when a config makes no sense, then it is refused with what is wrong', () => {
      expect(() => StateTtlConfig.newBuilder(0)).toThrow('must be positive');
      expect(() => StateTtlConfig.newBuilder('1 d').cleanupIncrementally(0, true)).toThrow('at least 1');
      expect(() => StateTtlConfig.newBuilder('1 d').setUpdateType('Never' as 'OnReadAndWrite')).toThrow(
        'one of',
      );
    });
  });
}
