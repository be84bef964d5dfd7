import type { KeyedStateStore } from './context.ts';
import type { ListState, ListStateDescriptor, MapState, MapStateDescriptor } from './state.ts';

/**
 * State of one subtask of an operator, without keys. When the parallelism changes, the elements of a list are shared out over
 * the new subtasks (`getListState`), or each subtask gets all of them (`getUnionListState`); broadcast state is the same in
 * every subtask. Names are unique within the operator.
 */
export interface OperatorStateStore {
  getListState<T>(descriptor: ListStateDescriptor<T>): ListState<T>;
  getUnionListState<T>(descriptor: ListStateDescriptor<T>): ListState<T>;
  getBroadcastState<K, V>(descriptor: MapStateDescriptor<K, V>): MapState<K, V>;
}

export interface FunctionInitializationContext {
  /** Whether state of an earlier run is there to go on from. */
  isRestored(): boolean;
  getOperatorStateStore(): OperatorStateStore;
  /** Only on a keyed stream; elsewhere opening a state throws a UserError. */
  getKeyedStateStore(): KeyedStateStore;
}

export interface FunctionSnapshotContext {
  getCheckpointId(): number;
  /** Wall time in ms at which the checkpoint was triggered. */
  getCheckpointTimestamp(): number;
}

/** What a function implements that keeps state of its own in fields, beside `open` and `close`. */
export interface CheckpointedFunction {
  /** Opens the function's states and takes over what they hold; called once per subtask and attempt, before `open`. */
  initializeState(context: FunctionInitializationContext): void | Promise<void>;
  /** Writes what the function holds in fields into its states. Called at each checkpoint; records wait until it is done. */
  snapshotState(context: FunctionSnapshotContext): void | Promise<void>;
}

/** What a function implements that acts when a checkpoint has become durable: every earlier one counts as complete, too. */
export interface CheckpointListener {
  notifyCheckpointComplete(checkpointId: number): void | Promise<void>;
  /** The checkpoint was given up. What was written for it stays part of the next one. */
  notifyCheckpointAborted?(checkpointId: number): void | Promise<void>;
}
