import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  AggregatingStateDescriptor,
  ListStateDescriptor,
  MapStateDescriptor,
  ReducingStateDescriptor,
  ValueStateDescriptor,
} from '../../functions/state.ts';
import type { MetricComponent } from '../../metrics/component.ts';
import { STATE_LATENCY_METRICS } from '../../metrics/system/state-metrics.ts';
import { operatorComponent } from '../../metrics/test-support/operator-component.ts';
import type { HistogramValue } from '../../protocol/metrics.ts';
import { keyGroupRange } from '../key-groups.ts';
import type { KeyedStateBackend } from '../keyed-state-backend.ts';
import { hashMapBench, rocksDbBench } from '../test-support/backend-bench.ts';
import type { BackendBench } from '../test-support/backend-bench.ts';
import type { LatencyTrackSettings } from './access-latency.ts';
import { OperatorLatencies } from './operator-latencies.ts';

const TRACK: LatencyTrackSettings = { sampleInterval: 1, historySize: 128, stateNameAsVariable: true };
const SUM = {
  createAccumulator: () => 0,
  add: (value: number, sum: number) => sum + value,
  getResult: (sum: number) => sum,
  merge: (a: number, b: number) => a + b,
};

/** Each look at the clock finds it a millisecond later. */
function tickingClock(): { monotonic(): number } {
  let now = 0;
  return { monotonic: () => (now += 1) };
}

function tracked(
  bench: BackendBench,
  settings: Partial<LatencyTrackSettings> = {},
): { readonly backend: KeyedStateBackend; readonly metrics: MetricComponent } {
  const backend = bench.create(keyGroupRange(0, 128, 1), 128, { now: () => 0 });
  const metrics = operatorComponent();
  backend.trackLatencies(new OperatorLatencies({ ...TRACK, ...settings }, metrics, tickingClock()));
  backend.setCurrentKey('k');
  return { backend, metrics };
}

/** Histograms by `<groups>.<name>`. */
function histograms(metrics: MetricComponent): Record<string, HistogramValue> {
  const samples = metrics.collect(0).flatMap(({ path, samples: found }) =>
    found.flatMap((sample) => {
      if (sample.type !== 'histogram') return [];
      return [[[...path.flat(), sample.name].join('.'), sample.value] as const];
    }),
  );
  return Object.fromEntries(samples);
}

/** Every access that there is, once. */
function useAllStates(backend: KeyedStateBackend): unknown[] {
  const value = backend.getState(new ValueStateDescriptor<number>('value'));
  const list = backend.getListState(new ListStateDescriptor<number>('list'));
  const map = backend.getMapState(new MapStateDescriptor<string, number>('map'));
  const reducing = backend.getReducingState(new ReducingStateDescriptor<number>('reducing', (a, b) => a + b));
  const aggregating = backend.getAggregatingState(new AggregatingStateDescriptor('aggregating', SUM));
  value.update(7);
  list.add(1);
  list.update([1, 2]);
  list.addAll([3]);
  map.put('a', 1);
  map.putAll([['b', 2]]);
  map.remove('a');
  reducing.add(2);
  aggregating.add(3);
  const found = [
    value.value(),
    list.get(),
    map.get('b'),
    map.contains('a'),
    map.isEmpty(),
    [...map.entries()],
    [...map.keys()],
    [...map.values()],
    reducing.get(),
    aggregating.get(),
  ];
  for (const state of [value, list, map, reducing, aggregating]) state.clear();
  return found;
}

describe.each([
  ['hashmap', hashMapBench],
  ['rocksdb', () => rocksDbBench(1)],
] as const)('latencies of keyed state in %s', (_name, open) => {
  let bench: BackendBench;
  beforeAll(async () => {
    bench = await open();
  });
  afterAll(() => bench.dispose());

  it('when every access is made, then each has its time in ns, under the name of its state, and does what it does', () => {
    const { backend, metrics } = tracked(bench);
    expect(useAllStates(backend)).toEqual([7, [1, 2, 3], 2, false, false, [['b', 2]], ['b'], [2], 2, 3]);
    const found = histograms(metrics);
    const names = new Set(Object.keys(found).map((name) => name.split('.').at(-1)));
    expect(names).toEqual(new Set(Object.keys(STATE_LATENCY_METRICS)));
    expect(found['state_name.value.valueStateGetLatency']).toMatchObject({ count: 1, max: 1_000_000 });
    expect(found['state_name.reducing.stateClearLatency']).toMatchObject({ count: 1, min: 1_000_000 });
    // One step to the entry and one behind it, three times.
    expect(found['state_name.map.mapStateIteratorNextLatency']).toMatchObject({ count: 6 });
  });

  it('when one of three accesses is sampled and two times are kept, then that many are timed and held', () => {
    const { backend, metrics } = tracked(bench, { sampleInterval: 3, historySize: 2 });
    const state = backend.getState(new ValueStateDescriptor<number>('value'));
    for (let index = 0; index < 7; index += 1) state.update(index);
    expect(histograms(metrics)['state_name.value.valueStateUpdateLatency']).toMatchObject({ count: 3 });
    expect(histograms(metrics)).not.toHaveProperty('state_name.value.valueStateGetLatency');
  });

  it('when the name of the state is no variable, then it is a group, of a length that names may have', () => {
    const { backend, metrics } = tracked(bench, { stateNameAsVariable: false });
    backend.getState(new ValueStateDescriptor<number>('n'.repeat(300))).value();
    expect(metrics.collect(0).map(({ path }) => path)).toEqual([[['n'.repeat(200)]]]);
  });

  it('when a state is of keys and another of windows has its name, then both have their times in one histogram', () => {
    const { backend, metrics } = tracked(bench);
    const descriptor = new ValueStateDescriptor<number>('value');
    backend.setCurrentNamespace(1);
    backend.getState(descriptor).update(1);
    backend.namespaced.getState(descriptor).update(2);
    expect(backend.getState(descriptor).value()).toBe(1);
    expect(histograms(metrics)['state_name.value.valueStateUpdateLatency']).toMatchObject({ count: 2 });
  });

  it('when a walk through a map is given up, then the map can be changed as before', () => {
    const { backend } = tracked(bench);
    const map = backend.getMapState(new MapStateDescriptor<string, number>('map'));
    map.putAll([
      ['a', 1],
      ['b', 2],
    ]);
    for (const key of map.keys()) {
      map.remove(key);
      break;
    }
    expect([...map.entries()]).toEqual([['b', 2]]);
  });
});
