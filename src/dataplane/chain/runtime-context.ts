import { UserError } from '../../base/errors.ts';
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
  readonly #store: KeyedStateStore | undefined;

  constructor(taskInfo: TaskInfo, store: KeyedStateStore | undefined) {
    this.taskInfo = taskInfo;
    this.#store = store;
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

  getState<T>(descriptor: ValueStateDescriptor<T>): ValueState<T> {
    return this.#keyed(descriptor.name).getState(descriptor);
  }

  getListState<T>(descriptor: ListStateDescriptor<T>): ListState<T> {
    return this.#keyed(descriptor.name).getListState(descriptor);
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

  #keyed(name: string): KeyedStateStore {
    if (this.#store !== undefined) return this.#store;
    throw new UserError(
      `state "${name}" of operator "${this.taskInfo.operatorName}" needs a keyed stream: call keyBy() before this operator`,
    );
  }
}
