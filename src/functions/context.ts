import type { JobId } from '../base/ids.ts';
import type { OperatorStateStore } from './checkpointed.ts';
import type { MetricGroup } from './metrics.ts';
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
} from './state.ts';

/** Where a function runs. */
export interface TaskInfo {
  readonly jobId: JobId;
  readonly jobName: string;
  readonly operatorName: string;
  /** `name (index + 1/parallelism)#attempt`, as in logs. */
  readonly taskName: string;
  readonly indexOfThisSubtask: number;
  readonly numberOfParallelSubtasks: number;
  readonly maxNumberOfParallelSubtasks: number;
  /** 0 for the first run of the job, +1 for each restart. */
  readonly attemptNumber: number;
  /** Grows with every JobManager that leads the job; attempts are counted anew by each. */
  readonly leaderEpoch: number;
}

/** Access to keyed state; only on a keyed stream, and reading or writing only while a record or timer is processed. */
export interface KeyedStateStore {
  getState<T>(descriptor: ValueStateDescriptor<T>): ValueState<T>;
  getListState<T>(descriptor: ListStateDescriptor<T>): ListState<T>;
  getMapState<K, V>(descriptor: MapStateDescriptor<K, V>): MapState<K, V>;
  getReducingState<T>(descriptor: ReducingStateDescriptor<T>): ReducingState<T>;
  getAggregatingState<I, A, O>(descriptor: AggregatingStateDescriptor<I, A, O>): AggregatingState<I, O>;
}

/** What `open` receives. */
export interface RuntimeContext extends KeyedStateStore {
  /** On a keyed stream the list of the current key; elsewhere the subtask's own, as `getOperatorStateStore().getListState`. */
  getListState<T>(descriptor: ListStateDescriptor<T>): ListState<T>;
  /** State of this subtask, without keys. */
  getOperatorStateStore(): OperatorStateStore;
  /** Metrics of this operator's subtask: register them in `open`. */
  getMetricGroup(): MetricGroup;
  readonly taskInfo: TaskInfo;
  readonly indexOfThisSubtask: number;
  readonly numberOfParallelSubtasks: number;
  readonly attemptNumber: number;
}
