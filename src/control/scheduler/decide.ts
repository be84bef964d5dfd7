import { ExternalError, serializeError } from '../../base/errors.ts';
import type { SerializedError } from '../../base/errors.ts';
import type { AllocationId, TaskManagerId } from '../../base/ids.ts';
import type { ExecutionGraph } from '../../graph/execution-graph.ts';
import { isGloballyTerminal, isTerminal } from '../../protocol/job-status.ts';
import type { ExecutionState } from '../../protocol/job-status.ts';
import { NO_RESTARTS } from '../restart-strategy.ts';
import type { RestartPolicy } from '../restart-strategy.ts';
import { Draft } from './draft.ts';
import { cancelAll, failJob, failRegions, loseSlots, settleRegion } from './failover.ts';
import type {
  Counters,
  Decision,
  Execution,
  ExecutionRef,
  HeldSlot,
  Moment,
  SchedulerOrigin,
  SchedulerState,
} from './state.ts';

/** Raised when a job's slots did not come in time. */
export class NoResourceAvailableError extends ExternalError {}

export function initialState(
  graph: ExecutionGraph,
  policy: RestartPolicy,
  origin: SchedulerOrigin,
): SchedulerState {
  const created: Execution = { state: 'CREATED', allocationId: undefined, counters: undefined };
  const { recovered, rescaled } = origin;
  const attempt = rescaled?.firstAttempt ?? 0;
  const held = rescaled?.slots ?? [];
  return {
    graph,
    policy,
    status: rescaled === undefined ? 'INITIALIZING' : 'RESTARTING',
    regions: graph.regions.map(() => ({ attempt, phase: 'waiting', restartDelayMs: 0 })),
    executions: new Map([...graph.executions].map(([id, list]) => [id, list.map(() => created)])),
    slots: new Map(held.map((slot) => [slot.allocationId, slot])),
    assignment: graph.slots.map((_, index) => held[index]?.allocationId),
    history: rescaled?.history ?? NO_RESTARTS,
    restarts: rescaled?.restarts ?? 0,
    recovered: recovered || rescaled !== undefined,
    purpose: 'run',
    failure: rescaled?.failure,
    staleMessages: 0,
  };
}

/** Begins scheduling: asks for slots; each region is deployed when its slots are there. */
export function startScheduling(state: SchedulerState): Decision {
  const draft = new Draft(state);
  if (state.status === 'INITIALIZING') {
    draft.setStatus('CREATED');
    draft.setStatus('RUNNING');
  }
  for (const vertex of state.graph.regions.flat()) draft.setExecution(vertex, { state: 'SCHEDULED' });
  draft.effect({ type: 'declareSlots', required: state.graph.slots.length });
  freeSurplus(draft);
  deployReadyRegions(draft);
  return draft.finish();
}

/** Slots of a higher parallelism before. */
function freeSurplus(draft: Draft): void {
  for (const slot of draft.state.slots.values()) {
    if (draft.state.assignment.includes(slot.allocationId)) continue;
    draft.dropSlot(slot.allocationId);
    draft.effect({ type: 'freeSlot', slot, reason: 'the job was rescaled' });
  }
}

/** Stops all tasks of a job that is to go on with another parallelism; its slots stay. */
export function suspendJob(state: SchedulerState): Decision {
  const draft = new Draft(state);
  const { status, purpose } = state;
  if (purpose !== 'run' || (status !== 'RUNNING' && status !== 'RESTARTING')) return draft.finish();
  draft.change({ purpose: 'suspending' });
  draft.setStatus('RESTARTING');
  cancelAll(draft);
  return draft.finish();
}

/** Takes offered slots that are still needed; the answer lists all that the job now holds of the offer. */
export function acceptOffers(
  state: SchedulerState,
  offers: readonly HeldSlot[],
): Decision & { readonly accepted: readonly AllocationId[] } {
  const draft = new Draft(state);
  const accepted: AllocationId[] = [];
  const open = state.purpose === 'run' && (state.status === 'RUNNING' || state.status === 'RESTARTING');
  for (const offer of offers) {
    if (draft.state.slots.has(offer.allocationId)) {
      accepted.push(offer.allocationId);
      continue;
    }
    const place = open ? draft.state.assignment.indexOf(undefined) : -1;
    if (place === -1) continue;
    accepted.push(offer.allocationId);
    draft.change({
      slots: new Map(draft.state.slots).set(offer.allocationId, offer),
      assignment: draft.state.assignment.with(place, offer.allocationId),
    });
  }
  if (accepted.length > 0) deployReadyRegions(draft);
  return { ...draft.finish(), accepted };
}

function deployReadyRegions(draft: Draft): void {
  draft.state.regions.forEach((region, index) => {
    if (region.phase !== 'waiting') return;
    const members = draft.members(index);
    if (!members.every((vertex) => draft.slotFor(vertex) !== undefined)) return;
    draft.setRegion(index, { phase: 'active' });
    for (const vertex of members) {
      draft.setExecution(vertex, { state: 'DEPLOYING', allocationId: draft.slotFor(vertex)?.allocationId });
    }
    draft.effect({ type: 'deployRegion', region: index, attempt: region.attempt, executions: members });
  });
}

/** A subtask reported a state. Reports of old attempts, and reports that come late, change nothing. */
export function executionChanged(
  state: SchedulerState,
  ref: ExecutionRef,
  to: ExecutionState,
  report: { readonly error?: SerializedError | undefined; readonly counters?: Counters | undefined },
  moment: Moment,
): Decision {
  const draft = new Draft(state);
  const vertex = state.graph.executions.get(ref.vertexId)?.[ref.subtaskIndex];
  if (vertex === undefined || draft.region(vertex.region).attempt !== ref.attempt) return stale(draft);
  const { state: from, counters } = draft.execution(vertex);
  if (isTerminal(from) || !isForward(from, to)) return draft.finish();
  draft.setExecution(vertex, { state: to, counters: report.counters ?? counters }, report.error);
  switch (to) {
    case 'CREATED':
    case 'SCHEDULED':
    case 'DEPLOYING':
    case 'INITIALIZING':
    case 'CANCELING':
      break;
    case 'RUNNING':
      markRunningAgain(draft);
      break;
    case 'FINISHED':
      settleRegion(draft, vertex.region);
      break;
    case 'CANCELED':
      // Canceled without our asking (its slot shut down) counts as a failure of the region.
      if (from === 'CANCELING') settleRegion(draft, vertex.region);
      else failRegions(draft, [vertex.region], report.error ?? unexpectedCancel(ref), moment);
      break;
    case 'FAILED':
      failRegions(draft, [vertex.region], report.error ?? unexpectedCancel(ref), moment);
      break;
  }
  return draft.finish();
}

/** Counters are taken from the present attempt only. */
export function countersReported(state: SchedulerState, ref: ExecutionRef, counters: Counters): Decision {
  const draft = new Draft(state);
  const vertex = state.graph.executions.get(ref.vertexId)?.[ref.subtaskIndex];
  if (vertex === undefined || draft.region(vertex.region).attempt !== ref.attempt) return stale(draft);
  draft.setExecution(vertex, { counters });
  return draft.finish();
}

/** Whether a message speaks of an attempt that is deployed now: not of an older one, nor of one that is being stopped. */
export function isActive(state: SchedulerState, ref: ExecutionRef): boolean {
  const vertex = state.graph.executions.get(ref.vertexId)?.[ref.subtaskIndex];
  const region = vertex === undefined ? undefined : state.regions[vertex.region];
  return region?.attempt === ref.attempt && region.phase === 'active';
}

const ORDER: Readonly<Record<ExecutionState, number>> = {
  CREATED: 0,
  SCHEDULED: 1,
  DEPLOYING: 2,
  INITIALIZING: 3,
  RUNNING: 4,
  CANCELING: 5,
  FINISHED: 6,
  CANCELED: 6,
  FAILED: 6,
};

function isForward(from: ExecutionState, to: ExecutionState): boolean {
  return ORDER[to] > ORDER[from];
}

function stale(draft: Draft): Decision {
  draft.change({ staleMessages: draft.state.staleMessages + 1 });
  return draft.finish();
}

function unexpectedCancel(ref: ExecutionRef): SerializedError {
  return serializeError(
    new ExternalError(`subtask ${ref.subtaskIndex} of ${ref.vertexId} stopped without being asked`),
  );
}

/** RESTARTING ends when every region is deployed and nothing waits any more. */
function markRunningAgain(draft: Draft): void {
  if (draft.state.status !== 'RESTARTING' || draft.state.purpose !== 'run') return;
  if (draft.state.regions.every((region) => region.phase === 'active' || region.phase === 'done'))
    draft.setStatus('RUNNING');
}

/** A region's backoff is over: it takes a new attempt and waits for its slots. */
export function backoffElapsed(state: SchedulerState, index: number, attempt: number): Decision {
  const draft = new Draft(state);
  const region = draft.region(index);
  if (region.phase !== 'backoff' || region.attempt !== attempt) return draft.finish();
  draft.setRegion(index, { phase: 'waiting', attempt: attempt + 1 });
  for (const vertex of draft.members(index)) {
    draft.setExecution(vertex, { state: 'SCHEDULED', allocationId: undefined, counters: undefined });
  }
  draft.effect({ type: 'declareSlots', required: state.graph.slots.length });
  deployReadyRegions(draft);
  return draft.finish();
}

export function slotsLost(
  state: SchedulerState,
  allocations: readonly AllocationId[],
  error: SerializedError,
  moment: Moment,
): Decision {
  const draft = new Draft(state);
  if (!isGloballyTerminal(state.status)) loseSlots(draft, allocations, error, moment);
  return draft.finish();
}

export function taskManagerLost(
  state: SchedulerState,
  taskManagerId: TaskManagerId,
  error: SerializedError,
  moment: Moment,
): Decision {
  return slotsLost(state, new Draft(state).slotsOn(taskManagerId), error, moment);
}

export function cancelJob(state: SchedulerState): Decision {
  const draft = new Draft(state);
  if (isGloballyTerminal(state.status) || state.status === 'CANCELLING' || state.status === 'FAILING')
    return draft.finish();
  draft.setStatus('CANCELLING');
  cancelAll(draft);
  return draft.finish();
}

/** Something that belongs to the whole job failed (a source-coordinator, its results): regions are not asked. */
export function jobFailed(state: SchedulerState, error: SerializedError, moment: Moment): Decision {
  const draft = new Draft(state);
  if (isGloballyTerminal(state.status)) return draft.finish();
  failRegions(draft, state.regions.keys(), error, moment);
  return draft.finish();
}

/** The state that the job is to go on from cannot be read: trying again gives nothing else. */
export function restoreFailed(state: SchedulerState, error: SerializedError): Decision {
  if (isGloballyTerminal(state.status)) return { state, effects: [] };
  const draft = new Draft(state);
  failJob(draft, error, 'the checkpoint or savepoint that it is to go on from cannot be used');
  return draft.finish();
}

/** Whether some region waits for slots. */
export function awaitsSlots(state: SchedulerState): boolean {
  return state.regions.some((region) => region.phase === 'waiting');
}

/**
 * Slots did not come within `slot.request.timeout`. A job that never ran fails; one that lost its slots, or its leader, is up to its
 * restart strategy.
 */
export function slotRequestTimedOut(
  state: SchedulerState,
  cluster: { readonly slotsTotal: number; readonly slotsAvailable: number } | undefined,
  timeoutMs: number,
  moment: Moment,
): Decision {
  const draft = new Draft(state);
  if (!awaitsSlots(state) || isGloballyTerminal(state.status)) return draft.finish();
  const needed = state.graph.slots.length;
  const held = state.slots.size;
  const known =
    cluster === undefined
      ? 'the resource-manager did not answer'
      : `the cluster has ${cluster.slotsTotal}, of which ${cluster.slotsAvailable} are available`;
  const error = serializeError(
    new NoResourceAvailableError(
      `job "${state.graph.jobGraph.name.slice(0, 200)}" needs ${needed} slots and got ${held} within ${timeoutMs} ms ` +
        `(slot.request.timeout); ${known}. Lower the parallelism, or start TaskManagers with more slots`,
    ),
  );
  if (state.restarts === 0 && !state.recovered) {
    failJob(draft, error, 'not enough slots');
    return draft.finish();
  }
  const waiting = [...state.regions.keys()].filter((index) => state.regions[index]?.phase === 'waiting');
  failRegions(draft, waiting, error, moment);
  return draft.finish();
}
