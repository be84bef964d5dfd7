import type { ExecutionRef } from '../scheduler/state.ts';
import { DRAIN_FLAG, FULL_FLAG, INCREMENTAL_FLAG, SAVEPOINT_FLAG, STOP_FLAG } from './barrier-flags.ts';
import { keyOf } from './state.ts';
import type {
  CheckpointEffect,
  CheckpointSettings,
  CoordinatorState,
  JobView,
  PendingCheckpoint,
  SnapshotRequest,
  SubtaskView,
} from './state.ts';

/** What is to begin now, if anything. */
export function nextDue(
  state: CoordinatorState,
  job: JobView,
  now: number,
): { readonly request: SnapshotRequest | undefined } | undefined {
  const { settings, pending, wanted, stopping } = state;
  const alive = job.subtasks.filter((subtask) => subtask.state !== 'finished');
  if (!job.running || stopping || alive.length === 0 || alive.some((subtask) => subtask.state === 'other'))
    return undefined;
  if (endedByFinished(settings, job)) return undefined;
  const [request] = wanted;
  // A savepoint does not wait for the pause between checkpoints, but for the one under way.
  if (request !== undefined) return pending.size === 0 ? { request } : undefined;
  if (settings.intervalMs === undefined || pending.size >= settings.maxConcurrent) return undefined;
  if (pending.size === 0 && alive.every(({ ref }) => state.drained.has(keyOf(ref))))
    return { request: undefined };
  if (now - state.triggeredAt < settings.intervalMs || now - state.endedAt < settings.minPauseMs)
    return undefined;
  return { request: undefined };
}

/** What a finished subtask has done since its last checkpoint is in no later one: the job is to have none. */
export function endedByFinished({ afterTasksFinish }: CheckpointSettings, { subtasks }: JobView): boolean {
  return !afterTasksFinish && subtasks.some(({ state }) => state === 'finished');
}

/** Begins a checkpoint, or the snapshot that was asked for. @param wall wall time, ms */
export function begin(
  state: CoordinatorState,
  job: JobView,
  request: SnapshotRequest | undefined,
  now: number,
  wall: number,
  effects: CheckpointEffect[],
): CoordinatorState {
  const checkpointId = state.nextId;
  const alive = job.subtasks.filter((subtask) => subtask.state === 'running');
  const flags = flagsOf(request);
  const refs = reachedByNoBarrier(alive);
  const pending: PendingCheckpoint = {
    checkpointId,
    request,
    flags,
    location: request?.location ?? '',
    timestamp: wall,
    startedAt: now,
    subtasks: alive,
    finished: job.subtasks.filter((subtask) => subtask.state === 'finished').map(({ ref }) => ref),
    triggered: new Set(refs.map(keyOf)),
    expected: new Map(alive.map(({ ref }) => [keyOf(ref), ref])),
    acknowledged: new Map(),
    phase: 'collecting',
    unaligned: false,
    interrupted: false,
  };
  const { location } = pending;
  effects.push({ type: 'trigger', checkpointId, timestamp: wall, flags, location, refs });
  return {
    ...state,
    nextId: checkpointId + 1,
    pending: new Map(state.pending).set(checkpointId, pending),
    triggeredAt: now,
    counts: { ...state.counts, triggered: state.counts.triggered + 1 },
    wanted: request === undefined ? state.wanted : state.wanted.filter((other) => other !== request),
    stopping: request?.stop === true,
  };
}

function flagsOf(request: SnapshotRequest | undefined): number {
  return (
    (request?.kind === 'savepoint' ? SAVEPOINT_FLAG : 0) |
    (request?.stop === true ? STOP_FLAG : 0) |
    (request?.drain === true ? DRAIN_FLAG : 0) |
    (request?.checkpointType === 'FULL' ? FULL_FLAG : 0) |
    (request?.checkpointType === 'INCREMENTAL' ? INCREMENTAL_FLAG : 0)
  );
}

/** Sources, and subtasks whose inputs have all ended. */
export function reachedByNoBarrier(alive: readonly SubtaskView[]): ExecutionRef[] {
  const keys = new Set(alive.map(({ ref }) => keyOf(ref)));
  const isReached = (subtask: SubtaskView): boolean => {
    for (const key of subtask.upstream()) if (keys.has(key)) return true;
    return false;
  };
  return alive.filter((subtask) => !isReached(subtask)).map(({ ref }) => ref);
}

/** Tells subtasks of checkpoints that have waited long enough. Savepoints always wait: they hold no records on their way. */
export function unalign(state: CoordinatorState, now: number, effects: CheckpointEffect[]): CoordinatorState {
  const after = state.settings.unalignedAfterMs;
  if (after === undefined) return state;
  const pending = new Map(state.pending);
  for (const checkpoint of state.pending.values()) {
    const { checkpointId, startedAt, expected, acknowledged: done, unaligned, flags, phase } = checkpoint;
    if (unaligned || phase === 'deciding' || (flags & SAVEPOINT_FLAG) !== 0 || now - startedAt < after)
      continue;
    pending.set(checkpointId, { ...checkpoint, unaligned: true });
    const refs = [...expected].filter(([key]) => !done.has(key)).map(([, ref]) => ref);
    effects.push({ type: 'takeUnaligned', checkpointId, refs });
  }
  return { ...state, pending };
}
