import { UserError, serializeError } from '../../base/errors.ts';
import { adopt } from './adopt.ts';
import { expire } from './give-up.ts';
import type {
  CheckpointDecision,
  CheckpointEffect,
  CheckpointSettings,
  CompletedCheckpoint,
  CoordinatorState,
  JobView,
  SnapshotRequest,
} from './state.ts';
import { begin, endedByFinished, nextDue, unalign } from './trigger.ts';

export { acknowledged, decided } from './complete.ts';
export { drained, subtasksFinished } from './finished.ts';
export { decisionFailed, declined, subtasksStopped } from './give-up.ts';

/**
 * Decisions on the checkpoints of one job: each takes the coordinator's state and what has happened, and answers the next state with
 * what is to be done.
 * @param now monotonic ms
 */
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
  let next = expire(state, now, effects);
  if (endedByFinished(state.settings, job)) next = refuseWanted(next, effects);
  const due = nextDue(next, job, now);
  if (due !== undefined) next = begin(next, job, due.request, now, wall, effects);
  return { state: unalign(next, now, effects), effects };
}

function refuseWanted(state: CoordinatorState, effects: CheckpointEffect[]): CoordinatorState {
  const reason = new UserError(
    'subtasks of the job have finished, and execution.checkpointing.checkpoints-after-tasks-finish is false: it takes no more ' +
      'checkpoints or savepoints',
  );
  for (const request of state.wanted) adopt(refuse(state, request, reason), effects);
  return { ...state, wanted: [] };
}
