import { ExternalError, serializeError } from '../../base/errors.ts';
import type { SerializedError } from '../../base/errors.ts';
import type { ExecutionRef } from '../scheduler/state.ts';
import { adopt } from './adopt.ts';
import { keyOf } from './state.ts';
import type { CheckpointDecision, CheckpointEffect, CoordinatorState, PendingCheckpoint } from './state.ts';

/** A subtask cannot take part: the checkpoint is given up. */
export function declined(
  state: CoordinatorState,
  ref: ExecutionRef,
  checkpointId: number,
  error: SerializedError,
  now: number,
): CheckpointDecision {
  const pending = state.pending.get(checkpointId);
  if (pending?.phase !== 'collecting' || pending.expected.get(keyOf(ref))?.attempt !== ref.attempt)
    return { state, effects: [] };
  return giveUp(state, checkpointId, error, now);
}

/** The decision could not be written. */
export function decisionFailed(
  state: CoordinatorState,
  checkpointId: number,
  error: SerializedError,
  now: number,
): CheckpointDecision {
  return giveUp(state, checkpointId, error, now);
}

/** Subtasks have stopped before their end: checkpoints that they were to take part in cannot complete. One that is being decided does. */
export function subtasksStopped(
  state: CoordinatorState,
  refs: readonly Pick<ExecutionRef, 'vertexId' | 'subtaskIndex'>[],
  now: number,
): CheckpointDecision {
  const keys = refs.map(keyOf);
  const drained = new Set(state.drained);
  for (const key of keys) drained.delete(key);
  const effects: CheckpointEffect[] = [];
  const stops = [...state.pending.values()].some(({ request }) => request?.stop === true);
  // After the savepoint that stops the job is decided, nobody restarts but after a failure: then the job goes on.
  let next: CoordinatorState = { ...state, drained, stopping: state.stopping && stops };
  for (const pending of state.pending.values()) {
    const { checkpointId, expected, phase } = pending;
    if (!keys.some((key) => expected.has(key))) continue;
    if (phase === 'collecting') next = adopt(giveUp(next, checkpointId, undefined, now), effects);
    else
      next = { ...next, pending: new Map(next.pending).set(checkpointId, { ...pending, interrupted: true }) };
  }
  return { state: next, effects };
}

/** Gives up what took too long. */
export function expire(state: CoordinatorState, now: number, effects: CheckpointEffect[]): CoordinatorState {
  const { timeoutMs } = state.settings;
  let next = state;
  for (const pending of state.pending.values()) {
    const { checkpointId, startedAt, phase } = pending;
    if (phase === 'deciding' || now - startedAt < timeoutMs) continue;
    const error = new ExternalError(
      `checkpoint ${checkpointId} was not complete after ${timeoutMs} ms (execution.checkpointing.timeout): ` +
        missingText(pending),
    );
    next = adopt(giveUp(next, checkpointId, serializeError(error), now), effects);
  }
  return next;
}

function missingText({ expected, acknowledged }: PendingCheckpoint): string {
  const missing = [...expected.keys()].filter((key) => !acknowledged.has(key));
  return `${missing.length} subtasks did not acknowledge it, among them ${missing[0]}`;
}

/** @param error undefined: nobody's fault; it does not count against the tolerated failures */
export function giveUp(
  state: CoordinatorState,
  checkpointId: number,
  error: SerializedError | undefined,
  now: number,
): CheckpointDecision {
  const pending = state.pending.get(checkpointId);
  if (pending === undefined) return { state, effects: [] };
  const rest = new Map(state.pending);
  rest.delete(checkpointId);
  const failures = error === undefined ? state.failures : state.failures + 1;
  const effects: CheckpointEffect[] = [
    { type: 'notifyAborted', checkpointId, refs: [...pending.expected.values()], reason: error?.message },
  ];
  if (pending.request !== undefined) {
    const reason =
      error ??
      serializeError(
        new ExternalError(
          'subtasks of the job stopped before it was complete, or a newer one was: try again',
        ),
      );
    effects.push({ type: 'answer', requestId: pending.request.requestId, result: { error: reason } });
  } else if (error !== undefined && failures > state.settings.tolerableFailed) {
    const { tolerableFailed } = state.settings;
    const tooMany = new ExternalError(
      `${failures} checkpoints in a row failed, ${tolerableFailed} are tolerated ` +
        '(execution.checkpointing.tolerable-failed-checkpoints)',
    );
    effects.push({ type: 'failJob', error: { ...serializeError(tooMany), cause: error } });
  }
  return {
    state: {
      ...state,
      pending: rest,
      failures,
      endedAt: now,
      counts: { ...state.counts, failed: state.counts.failed + (error === undefined ? 0 : 1) },
      stopping: pending.request?.stop === true ? false : state.stopping,
    },
    effects,
  };
}
