export { keyFromIdentity, hashKey, keyIdentity } from './key-encoding.ts';
export type { KeyIdentity } from './key-encoding.ts';
export { compareKeys } from './key-order.ts';
export { keyGroupFor, keyGroupRange, subtaskForKeyGroup } from './key-groups.ts';
export type { KeyGroupRange } from './key-groups.ts';
export type {
  KeyedStateBackend,
  Namespace,
  Pane,
  PaneCell,
  PaneCodec,
  RemoteGroups,
  SnapshotMode,
  SnapshotRun,
  WindowTable,
} from './keyed-state-backend.ts';
export { PaneRow } from './pane-row.ts';
export { HEAP_STATES } from './keyed-states.ts';
export type { KeyedStates } from './keyed-states.ts';
export type { OpenedState } from './hashmap/registered-states.ts';
export { HashMapStateBackend } from './hashmap/hashmap-backend.ts';
export { DisaggregatedStateBackend } from './disaggregated/disaggregated-backend.ts';
export { KeyGroupLoadError } from './disaggregated/errors.ts';
export { RocksDbStateBackend } from './rocksdb/rocksdb-backend.ts';
export type { LatencyTrackSettings } from './latency/access-latency.ts';
export { OperatorLatencies } from './latency/operator-latencies.ts';
export { InMemoryOperatorStateStore } from './operator/operator-state.ts';
export { redistributeOperatorState } from './operator/redistribute.ts';
export type { Distribution, NamedOperatorState, OperatorStateSnapshot } from './operator/redistribute.ts';
export { InMemoryTimerService, isTimerState } from './timers/timer-service.ts';
export type { TimeDomain, TimerHandler } from './timers/timer-service.ts';
export { MinHeap, TimerQueue } from './timers/timer-queue.ts';
