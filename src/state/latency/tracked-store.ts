import type { KeyedStateStore } from '../../functions/context.ts';
import type {
  AggregatingState,
  AggregatingStateDescriptor,
  ListState,
  ListStateDescriptor,
  MapState,
  MapStateDescriptor,
  ReducingState,
  ReducingStateDescriptor,
  ValueState,
  ValueStateDescriptor,
} from '../../functions/state.ts';
import type { OperatorLatencies } from './operator-latencies.ts';
import { TrackedMapState } from './tracked-map-state.ts';
import { TrackedFoldingState, TrackedListState, TrackedValueState } from './tracked-states.ts';

/** Opens states of another store, whose accesses are timed. */
export class TrackedStateStore implements KeyedStateStore {
  readonly #store: KeyedStateStore;
  readonly #latencies: OperatorLatencies;

  constructor(store: KeyedStateStore, latencies: OperatorLatencies) {
    this.#store = store;
    this.#latencies = latencies;
  }

  getState<T>(descriptor: ValueStateDescriptor<T>): ValueState<T> {
    const latencies = this.#latencies.ofState(descriptor.name);
    return new TrackedValueState(this.#store.getState(descriptor), latencies);
  }

  getListState<T>(descriptor: ListStateDescriptor<T>): ListState<T> {
    const latencies = this.#latencies.ofState(descriptor.name);
    return new TrackedListState(this.#store.getListState(descriptor), latencies);
  }

  getMapState<K, V>(descriptor: MapStateDescriptor<K, V>): MapState<K, V> {
    const latencies = this.#latencies.ofState(descriptor.name);
    return new TrackedMapState(this.#store.getMapState(descriptor), latencies);
  }

  getReducingState<T>(descriptor: ReducingStateDescriptor<T>): ReducingState<T> {
    const latencies = this.#latencies.ofState(descriptor.name);
    return new TrackedFoldingState<T, T>(
      this.#store.getReducingState(descriptor),
      latencies.of('reducingStateGetLatency'),
      latencies.of('reducingStateAddLatency'),
      latencies.of('stateClearLatency'),
    );
  }

  getAggregatingState<I, A, O>(descriptor: AggregatingStateDescriptor<I, A, O>): AggregatingState<I, O> {
    const latencies = this.#latencies.ofState(descriptor.name);
    return new TrackedFoldingState<I, O>(
      this.#store.getAggregatingState(descriptor),
      latencies.of('aggregatingStateGetLatency'),
      latencies.of('aggregatingStateAddLatency'),
      latencies.of('stateClearLatency'),
    );
  }
}
