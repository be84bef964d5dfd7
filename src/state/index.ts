export { keyFromIdentity, hashKey, keyIdentity } from './key-encoding.ts';
export type { KeyIdentity } from './key-encoding.ts';
export { keyGroupFor, keyGroupRange, subtaskForKeyGroup } from './key-groups.ts';
export type { KeyGroupRange } from './key-groups.ts';
export type { KeyedStateBackend, Namespace, WindowTable } from './keyed-state-backend.ts';
export { HashMapStateBackend } from './hashmap/hashmap-backend.ts';
export { InMemoryTimerService } from './timers/timer-service.ts';
export type { TimeDomain, TimerHandler } from './timers/timer-service.ts';
export { MinHeap, TimerQueue } from './timers/timer-queue.ts';
