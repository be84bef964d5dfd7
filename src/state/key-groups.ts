import { UserError } from '../base/errors.ts';
import { hashKey } from './key-encoding.ts';

/**
 * Key groups: the unit in which keyed state is spread over subtasks and moves when a job is rescaled. Ranges are those of
 * Flink's KeyGroupRangeAssignment: contiguous, and equal up to one.
 */
export interface KeyGroupRange {
  /** First key group, inclusive. */
  readonly start: number;
  /** Last key group, inclusive; below `start` when the range is empty. */
  readonly end: number;
}

/** Key group of a key: its hash modulo `maxParallelism`. @throws UserError when the value cannot be a key */
export function keyGroupFor(key: unknown, maxParallelism: number): number {
  // Both sides unsigned: an integer division, where numbers of unknown sign would take a call of fmod.
  return (hashKey(key) >>> 0) % (maxParallelism >>> 0);
}

/** Subtask that owns a key group. */
export function subtaskForKeyGroup(keyGroup: number, maxParallelism: number, parallelism: number): number {
  return Math.floor((keyGroup * parallelism) / maxParallelism);
}

/** Key groups of a subtask. @throws UserError when parallelism is above max parallelism */
export function keyGroupRange(
  subtaskIndex: number,
  maxParallelism: number,
  parallelism: number,
): KeyGroupRange {
  if (parallelism > maxParallelism) {
    throw new UserError(
      `parallelism ${parallelism} is above max parallelism ${maxParallelism}: raise the max parallelism`,
    );
  }
  const start = Math.floor((subtaskIndex * maxParallelism + parallelism - 1) / parallelism);
  const end = Math.floor(((subtaskIndex + 1) * maxParallelism - 1) / parallelism);
  return { start, end };
}
