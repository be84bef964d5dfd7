import { UserError } from '../../base/errors.ts';
import type { FunctionInitializationContext, OperatorStateStore } from '../../functions/checkpointed.ts';
import type { InMemoryOperatorStateStore } from '../../state/index.ts';
import type { MetricGroup } from '../../functions/metrics.ts';
import type { KeyedStateStore, RuntimeContext, TaskInfo } from '../../functions/context.ts';
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

/** What `open` of a user function receives; without a store, keyed state is refused with what to do. */
export class OperatorRuntimeContext implements RuntimeContext {
  readonly taskInfo: TaskInfo;
  readonly #operatorState: InMemoryOperatorStateStore;
  readonly #store: KeyedStateStore | undefined;
  readonly #metrics: MetricGroup;

  constructor(
    taskInfo: TaskInfo,
    operatorState: InMemoryOperatorStateStore,
    store: KeyedStateStore | undefined,
    metrics: MetricGroup,
  ) {
    this.taskInfo = taskInfo;
    this.#operatorState = operatorState;
    this.#store = store;
    this.#metrics = metrics;
  }

  get indexOfThisSubtask(): number {
    return this.taskInfo.indexOfThisSubtask;
  }

  get numberOfParallelSubtasks(): number {
    return this.taskInfo.numberOfParallelSubtasks;
  }

  get attemptNumber(): number {
    return this.taskInfo.attemptNumber;
  }

  getMetricGroup(): MetricGroup {
    return this.#metrics;
  }

  getState<T>(descriptor: ValueStateDescriptor<T>): ValueState<T> {
    return this.#keyed(descriptor.name).getState(descriptor);
  }

  getListState<T>(descriptor: ListStateDescriptor<T>): ListState<T> {
    return (this.#store ?? this.#operatorState).getListState(descriptor);
  }

  getMapState<K, V>(descriptor: MapStateDescriptor<K, V>): MapState<K, V> {
    return this.#keyed(descriptor.name).getMapState(descriptor);
  }

  getReducingState<T>(descriptor: ReducingStateDescriptor<T>): ReducingState<T> {
    return this.#keyed(descriptor.name).getReducingState(descriptor);
  }

  getAggregatingState<I, A, O>(descriptor: AggregatingStateDescriptor<I, A, O>): AggregatingState<I, O> {
    return this.#keyed(descriptor.name).getAggregatingState(descriptor);
  }

  getOperatorStateStore(): OperatorStateStore {
    return this.#operatorState;
  }

  /** What `initializeState` of a function receives. */
  initializationContext(): FunctionInitializationContext {
    return {
      isRestored: () => this.#operatorState.isRestored,
      getOperatorStateStore: () => this.#operatorState,
      getKeyedStateStore: () => ({
        getState: (descriptor) => this.getState(descriptor),
        getListState: (descriptor) => this.#keyed(descriptor.name).getListState(descriptor),
        getMapState: (descriptor) => this.getMapState(descriptor),
        getReducingState: (descriptor) => this.getReducingState(descriptor),
        getAggregatingState: (descriptor) => this.getAggregatingState(descriptor),
      }),
    };
  }

  #keyed(name: string): KeyedStateStore {
    if (this.#store !== undefined) return this.#store;
    throw new UserError(
      `state "${name}" of operator "${this.taskInfo.operatorName}" needs a keyed stream: call keyBy() before this operator`,
    );
  }
}
