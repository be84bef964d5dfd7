import { InternalError, serializeError } from '../../base/errors.ts';
import type { ExecutionRef } from '../scheduler/state.ts';
import { adopt } from './adopt.ts';
import { SAVEPOINT_FLAG } from './barrier-flags.ts';
import { giveUp } from './give-up.ts';
import { keyOf } from './state.ts';
import type {
  Acknowledgement,
  CheckpointDecision,
  CheckpointEffect,
  CompletedCheckpoint,
  CoordinatorState,
  PendingCheckpoint,
} from './state.ts';

/** A subtask's part is durable. The last one's leads to the decision. */
export function acknowledged(
  state: CoordinatorState,
  ref: ExecutionRef,
  checkpointId: number,
  acknowledgement: Acknowledgement,
  now: number,
): CheckpointDecision {
  const pending = state.pending.get(checkpointId);
  const key = keyOf(ref);
  if (
    pending?.phase !== 'collecting' ||
    pending.expected.get(key)?.attempt !== ref.attempt ||
    pending.acknowledged.has(key)
  )
    return { state, effects: [] };
  const taken = new Map(pending.acknowledged).set(key, acknowledgement);
  return collect(state, { ...pending, acknowledged: taken }, now);
}

/** Who takes part, or has acknowledged, has changed: the decision follows when nobody is missing. */
export function collect(
  state: CoordinatorState,
  pending: PendingCheckpoint,
  now: number,
): CheckpointDecision {
  const { checkpointId, acknowledged: taken, expected } = pending;
  const complete = taken.size === expected.size;
  if (complete && isOvertaken(state, pending)) return giveUp(state, checkpointId, undefined, now);
  const lost = complete ? auditChannels(taken.values()) : undefined;
  if (lost !== undefined) return giveUp(state, checkpointId, serializeError(lost), now);
  const changed: PendingCheckpoint = { ...pending, phase: complete ? 'deciding' : 'collecting' };
  return {
    state: { ...state, pending: new Map(state.pending).set(checkpointId, changed) },
    effects: complete ? [{ type: 'decide', checkpoint: changed }] : [],
  };
}

/**
 * Whether a newer checkpoint is being decided: decided after it, the older one would be the job's newest, and what sinks have
 * committed of the newer one would come again.
 */
function isOvertaken({ pending }: CoordinatorState, { checkpointId, flags }: PendingCheckpoint): boolean {
  return (
    (flags & SAVEPOINT_FLAG) === 0 &&
    [...pending.values()].some(
      (other) =>
        other.checkpointId > checkpointId &&
        other.phase === 'deciding' &&
        (other.flags & SAVEPOINT_FLAG) === 0,
    )
  );
}

/** Both ends of every channel must have counted the same: a record that was lost or doubled on the way must not be decided. */
function auditChannels(acknowledgements: Iterable<Acknowledgement>): InternalError | undefined {
  const all = [...acknowledgements];
  const received = new Map(all.flatMap(({ channels }) => Object.entries(channels.received)));
  for (const [channelId, sent] of all.flatMap(({ channels }) => Object.entries(channels.sent))) {
    const got = received.get(channelId);
    if (got !== undefined && got !== sent)
      return new InternalError(
        `channel ${channelId} was sent ${sent} records before the barrier, and brought ${got}`,
      );
  }
  return undefined;
}

/** The decision is written: the checkpoint exists. Older ones are subsumed. */
export function decided(
  state: CoordinatorState,
  completed: CompletedCheckpoint,
  now: number,
): CheckpointDecision {
  const pending = state.pending.get(completed.checkpointId);
  if (pending === undefined) return { state, effects: [] };
  const rest = new Map(state.pending);
  rest.delete(completed.checkpointId);
  const effects: CheckpointEffect[] = [];
  let next: CoordinatorState = {
    ...state,
    pending: rest,
    endedAt: now,
    failures: 0,
    stopping: state.stopping && !(pending.request?.stop === true && pending.interrupted),
    counts: { ...state.counts, completed: state.counts.completed + 1 },
  };
  if (completed.kind === 'checkpoint') next = subsumeOlder(next, completed, now, effects);
  // A savepoint commits nothing while the job goes on: it would go on from a checkpoint, which comes before it.
  if (completed.kind === 'checkpoint' || pending.request?.stop === true) {
    const refs = [...pending.expected.values()];
    effects.push({ type: 'notifyComplete', checkpointId: completed.checkpointId, refs });
  }
  if (pending.request !== undefined)
    effects.push({ type: 'answer', requestId: pending.request.requestId, result: { path: completed.path } });
  return { state: next, effects };
}

/** A checkpoint takes the place of those before it: of completed ones, and of those that are not complete yet. */
function subsumeOlder(
  state: CoordinatorState,
  completed: CompletedCheckpoint,
  now: number,
  effects: CheckpointEffect[],
): CoordinatorState {
  const { checkpointId } = completed;
  let next = state;
  for (const older of state.pending.values())
    if (
      older.checkpointId < checkpointId &&
      older.phase === 'collecting' &&
      (older.flags & SAVEPOINT_FLAG) === 0
    )
      next = adopt(giveUp(next, older.checkpointId, undefined, now), effects);
  next = retain(next, completed, effects);
  if ([...next.pending.keys()].every((id) => id > checkpointId))
    effects.push({ type: 'sweep', checkpointId });
  return next;
}

function retain(
  state: CoordinatorState,
  completed: CompletedCheckpoint,
  effects: CheckpointEffect[],
): CoordinatorState {
  const all = [...state.completed, completed];
  const kept = all.slice(-state.settings.retained);
  const subsumed = all.slice(0, all.length - kept.length);
  if (subsumed.length > 0)
    effects.push({ type: 'discard', checkpoints: subsumed, kept: kept.flatMap(({ files }) => files) });
  return { ...state, completed: kept };
}
