import type { Clock } from '../ports/clock.ts';
import { HashMapStateBackend } from './hashmap/hashmap-backend.ts';
import type { KeyGroupRange } from './key-groups.ts';
import type { KeyedStateBackend } from './keyed-state-backend.ts';

/** Makes the keyed state of one task's operators. */
export interface KeyedStates {
  /** Empty state of one more operator. */
  create(keyGroups: KeyGroupRange, maxParallelism: number, clock: Clock): KeyedStateBackend;
  /** Once the task has ended: gives up what the backends hold outside the heap. They must not be used any more. */
  close(): Promise<void>;
}

/** Keyed state on the heap. */
export const HEAP_STATES: KeyedStates = {
  create: (keyGroups, maxParallelism, clock) => new HashMapStateBackend(keyGroups, maxParallelism, clock),
  close: () => Promise.resolve(),
};
