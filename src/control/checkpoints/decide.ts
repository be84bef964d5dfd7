import { ExternalError, InternalError, UserError, serializeError } from '../../base/errors.ts';
import type { SerializedError } from '../../base/errors.ts';
import type { ExecutionRef } from '../scheduler/state.ts';
import { keyOf } from './state.ts';
import type {
  Acknowledgement,
  CheckpointDecision,
  CheckpointEffect,
  CheckpointSettings,
  CompletedCheckpoint,
  CoordinatorState,
  JobView,
  PendingCheckpoint,
  SnapshotRequest,
  SubtaskView,
} from './state.ts';

/** The bits of a barrier; they are those of the data plane's channels. */
export const SAVEPOINT_FLAG = 1;
export const STOP_FLAG = 2;
export const DRAIN_FLAG = 4;
export const FULL_FLAG = 8;
export const INCREMENTAL_FLAG = 16;

/** @param now monotonic ms */
export function initialCoordinator(
  settings: CheckpointSettings,
  nextId: number,
  completed: readonly CompletedCheckpoint[],
  now: number,
): CoordinatorState {
  return {
    settings,
    nextId,
    completed,
    pending: new Map(),
    triggeredAt: now,
    endedAt: Number.NEGATIVE_INFINITY,
    failures: 0,
    counts: { triggered: 0, completed: 0, failed: 0, restored: 0 },
    wanted: [],
    stopping: false,
    drained: new Set(),
  };
}

/** Somebody asks for a checkpoint or savepoint; it begins at the next tick that allows it. */
export function requestSnapshot(state: CoordinatorState, request: SnapshotRequest): CheckpointDecision {
  if (state.stopping)
    return refuse(state, request, new UserError('the job is being stopped by a savepoint already'));
  return { state: { ...state, wanted: [...state.wanted, request] }, effects: [] };
}

function refuse(state: CoordinatorState, { requestId }: SnapshotRequest, error: Error): CheckpointDecision {
  return { state, effects: [{ type: 'answer', requestId, result: { error: serializeError(error) } }] };
}

/**
 * Time has passed or something has changed: gives up what took too long, begins what is due.
 * @param now monotonic ms @param wall wall time, ms
 */
export function tick(state: CoordinatorState, job: JobView, now: number, wall: number): CheckpointDecision {
  const effects: CheckpointEffect[] = [];
  let next = state;
  for (const { checkpointId, startedAt, phase } of state.pending.values()) {
    if (phase === 'deciding' || now - startedAt < state.settings.timeoutMs) continue;
    const error = new ExternalError(
      `checkpoint ${checkpointId} was not complete after ${state.settings.timeoutMs} ms (execution.checkpointing.timeout): ` +
        missingText(next.pending.get(checkpointId)),
    );
    next = adopt(giveUp(next, checkpointId, serializeError(error), now), effects);
  }
  if (endedByFinished(state.settings, job)) next = refuseWanted(next, effects);
  const due = nextDue(next, job, now);
  if (due !== undefined) next = begin(next, job, due.request, now, wall, effects);
  return { state: unalign(next, now, effects), effects };
}

/** What a finished subtask has done since its last checkpoint is in no later one: the job is to have none. */
function endedByFinished({ afterTasksFinish }: CheckpointSettings, { subtasks }: JobView): boolean {
  return !afterTasksFinish && subtasks.some(({ state }) => state === 'finished');
}

function refuseWanted(state: CoordinatorState, effects: CheckpointEffect[]): CoordinatorState {
  const reason = new UserError(
    'subtasks of the job have finished, and execution.checkpointing.checkpoints-after-tasks-finish is false: it takes no more ' +
      'checkpoints or savepoints',
  );
  for (const request of state.wanted) adopt(refuse(state, request, reason), effects);
  return { ...state, wanted: [] };
}

/** Tells subtasks of checkpoints that have waited long enough. Savepoints always wait: they hold no records on their way. */
function unalign(state: CoordinatorState, now: number, effects: CheckpointEffect[]): CoordinatorState {
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

function missingText(pending: PendingCheckpoint | undefined): string {
  const missing = [...(pending?.expected.keys() ?? [])].filter(
    (key) => pending?.acknowledged.has(key) === false,
  );
  const [first] = missing;
  return first === undefined
    ? 'its decision was not written'
    : `${missing.length} subtasks did not acknowledge it, among them ${first}`;
}

/** What is to begin now, if anything. */
function nextDue(
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

function begin(
  state: CoordinatorState,
  job: JobView,
  request: SnapshotRequest | undefined,
  now: number,
  wall: number,
  effects: CheckpointEffect[],
): CoordinatorState {
  const checkpointId = state.nextId;
  const alive = job.subtasks.filter((subtask) => subtask.state === 'running');
  const stop = request?.stop === true;
  const flags =
    (request?.kind === 'savepoint' ? SAVEPOINT_FLAG : 0) |
    (stop ? STOP_FLAG : 0) |
    (request?.drain === true ? DRAIN_FLAG : 0) |
    (request?.checkpointType === 'FULL' ? FULL_FLAG : 0) |
    (request?.checkpointType === 'INCREMENTAL' ? INCREMENTAL_FLAG : 0);
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
    stopping: stop,
  };
}

/** Sources, and subtasks whose inputs have all ended. */
function reachedByNoBarrier(alive: readonly SubtaskView[]): ExecutionRef[] {
  const keys = new Set(alive.map(({ ref }) => keyOf(ref)));
  const isReached = (subtask: SubtaskView): boolean => {
    for (const key of subtask.upstream()) if (keys.has(key)) return true;
    return false;
  };
  return alive.filter((subtask) => !isReached(subtask)).map(({ ref }) => ref);
}

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
function collect(state: CoordinatorState, pending: PendingCheckpoint, now: number): CheckpointDecision {
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
  if (completed.kind === 'checkpoint') {
    // What began before and is not complete yet is of no use any more.
    for (const older of state.pending.values())
      if (
        older.checkpointId < completed.checkpointId &&
        older.phase === 'collecting' &&
        (older.flags & SAVEPOINT_FLAG) === 0
      )
        next = adopt(giveUp(next, older.checkpointId, undefined, now), effects);
    next = retain(next, completed, effects);
    const { checkpointId } = completed;
    if ([...next.pending.keys()].every((id) => id > checkpointId))
      effects.push({ type: 'sweep', checkpointId });
  }
  // A savepoint commits nothing while the job goes on: it would go on from a checkpoint, which comes before it.
  if (completed.kind === 'checkpoint' || pending.request?.stop === true) {
    const refs = [...pending.expected.values()];
    effects.push({ type: 'notifyComplete', checkpointId: completed.checkpointId, refs });
  }
  if (pending.request !== undefined)
    effects.push({ type: 'answer', requestId: pending.request.requestId, result: { path: completed.path } });
  return { state: next, effects };
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
  const effect: CheckpointEffect = {
    type: 'triggerLate',
    checkpointId,
    timestamp,
    flags,
    location,
    refs: late,
  };
  return { state: collected.state, effects: [effect, ...collected.effects] };
}

/** A subtask waits for its last checkpoint. */
export function drained(state: CoordinatorState, ref: ExecutionRef): CheckpointDecision {
  return { state: { ...state, drained: new Set(state.drained).add(keyOf(ref)) }, effects: [] };
}

/** @param error undefined: nobody's fault; it does not count against the tolerated failures */
function giveUp(
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

function adopt(decision: CheckpointDecision, effects: CheckpointEffect[]): CoordinatorState {
  effects.push(...decision.effects);
  return decision.state;
}
