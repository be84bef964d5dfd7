import type { ExecutionRef } from '../scheduler/state.ts';
import { adopt } from './adopt.ts';
import { collect } from './complete.ts';
import { giveUp } from './give-up.ts';
import { keyOf } from './state.ts';
import type { CheckpointDecision, CheckpointEffect, CoordinatorState, PendingCheckpoint } from './state.ts';
import { reachedByNoBarrier } from './trigger.ts';

/** A subtask waits for its last checkpoint. */
export function drained(state: CoordinatorState, ref: ExecutionRef): CheckpointDecision {
  return { state: { ...state, drained: new Set(state.drained).add(keyOf(ref)) }, effects: [] };
}

/** Subtasks have finished: a checkpoint that they have not acknowledged goes on without them. */
export function subtasksFinished(
  state: CoordinatorState,
  refs: readonly ExecutionRef[],
  now: number,
): CheckpointDecision {
  const effects: CheckpointEffect[] = [];
  const drained = new Set(state.drained);
  for (const ref of refs) drained.delete(keyOf(ref));
  let next: CoordinatorState = { ...state, drained };
  for (const pending of state.pending.values()) next = adopt(goOnWithout(next, pending, refs, now), effects);
  return { state: next, effects };
}

function goOnWithout(
  state: CoordinatorState,
  pending: PendingCheckpoint,
  refs: readonly ExecutionRef[],
  now: number,
): CheckpointDecision {
  const { checkpointId, timestamp, flags, location, phase, acknowledged: done } = pending;
  const left = refs.filter((ref) => {
    const key = keyOf(ref);
    return pending.expected.get(key)?.attempt === ref.attempt && !done.has(key);
  });
  if (phase !== 'collecting' || left.length === 0) return { state, effects: [] };
  const expected = new Map(pending.expected);
  for (const ref of left) expected.delete(keyOf(ref));
  if (expected.size === 0) return giveUp(state, checkpointId, undefined, now);
  const late = reachedByNoBarrier(pending.subtasks.filter(({ ref }) => expected.has(keyOf(ref)))).filter(
    (ref) => !pending.triggered.has(keyOf(ref)) && !done.has(keyOf(ref)),
  );
  const triggered = new Set([...pending.triggered, ...late.map(keyOf)]);
  const finished = [...pending.finished, ...left];
  const collected = collect(state, { ...pending, expected, finished, triggered }, now);
  if (late.length === 0) return collected;
  const details = { checkpointId, timestamp, flags, location, refs: late };
  return { state: collected.state, effects: [{ type: 'triggerLate', ...details }, ...collected.effects] };
}
