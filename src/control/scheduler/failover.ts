import { UserError, serializeError } from '../../base/errors.ts';
import type { SerializedError } from '../../base/errors.ts';
import type { AllocationId } from '../../base/ids.ts';
import type { ExecutionVertex } from '../../graph/execution-graph.ts';
import { isGloballyTerminal, isTerminal } from '../../protocol/job-status.ts';
import { decideRestart } from '../restart-strategy.ts';
import type { Draft } from './draft.ts';
import type { ExecutionRef, HeldSlot, Moment } from './state.ts';

/**
 * Regions failed for one reason: restarts them, or fails the job, as the restart strategy says. One cause counts once,
 * however many regions it hits; other regions go on.
 */
export function failRegions(
  draft: Draft,
  indices: Iterable<number>,
  error: SerializedError,
  moment: Moment,
): void {
  const hit: number[] = [];
  for (const index of indices) {
    const { phase } = draft.region(index);
    if (phase === 'active' || phase === 'waiting') hit.push(index);
    else settleRegion(draft, index);
  }
  if (hit.length === 0) return;
  const { policy, history, restarts } = draft.state;
  const decision = decideRestart(policy, history, error, moment.now, moment.random);
  if (!decision.restart) return failJob(draft, error, decision.reason);
  draft.change({ history: decision.history, restarts: restarts + 1, failure: error });
  draft.setStatus('RESTARTING', error);
  for (const index of hit) {
    draft.setRegion(index, { restartDelayMs: decision.delayMs });
    cancelRegion(draft, index);
  }
}

/** The job fails for good once all its subtasks have stopped. */
export function failJob(draft: Draft, error: SerializedError, reason: string): void {
  const { name } = draft.state.graph.jobGraph;
  const own = serializeError(
    new UserError(`job "${name.slice(0, 200)}" failed and is not restarted: ${reason}`),
    error.domain,
  );
  const { stack: _stack, ...failure } = {
    ...own,
    name: 'JobExecutionError',
    domain: error.domain,
    cause: error,
  };
  draft.change({ failure });
  draft.setStatus('FAILING', failure);
  cancelAll(draft);
}

/** Stops everything; the job's status (FAILING or CANCELLING), or its purpose, says what it becomes. */
export function cancelAll(draft: Draft): void {
  draft.state.regions.forEach((_, index) => cancelRegion(draft, index));
  settleJob(draft);
}

function cancelRegion(draft: Draft, index: number): void {
  if (draft.region(index).phase === 'done') return;
  draft.setRegion(index, { phase: 'canceling' });
  const bySlot = new Map<HeldSlot, ExecutionRef[]>();
  for (const vertex of draft.members(index)) {
    const { state, allocationId } = draft.execution(vertex);
    if (isTerminal(state) || state === 'CANCELING') continue;
    const slot = allocationId === undefined ? undefined : draft.state.slots.get(allocationId);
    const deployed =
      slot !== undefined && (state === 'DEPLOYING' || state === 'INITIALIZING' || state === 'RUNNING');
    draft.setExecution(vertex, { state: deployed ? 'CANCELING' : 'CANCELED' });
    if (deployed) bySlot.set(slot, [...(bySlot.get(slot) ?? []), draft.ref(vertex)]);
  }
  for (const [slot, tasks] of bySlot) draft.effect({ type: 'cancelTasks', slot, tasks });
  settleRegion(draft, index);
}

/** Moves a region on once nothing of it runs any more. */
export function settleRegion(draft: Draft, index: number): void {
  const region = draft.region(index);
  if (!draft.allTerminal(index)) return;
  const finished = draft.members(index).every((vertex) => draft.execution(vertex).state === 'FINISHED');
  if (region.phase === 'active' && finished) {
    draft.setRegion(index, { phase: 'done' });
  } else if (region.phase === 'canceling') {
    const { status, purpose } = draft.state;
    if (status === 'FAILING' || status === 'CANCELLING' || purpose !== 'run') {
      if (purpose !== 'run') draft.effect({ type: 'discardAttempt', region: index, attempt: region.attempt });
      draft.setRegion(index, { phase: 'done' });
    } else {
      draft.effect({ type: 'discardAttempt', region: index, attempt: region.attempt });
      draft.setRegion(index, { phase: 'backoff' });
      draft.effect({
        type: 'startBackoff',
        region: index,
        attempt: region.attempt,
        delayMs: region.restartDelayMs,
      });
    }
  }
  settleJob(draft);
}

/** Ends the job when all regions are done; gives its slots back. */
export function settleJob(draft: Draft): void {
  const { status, regions, slots, failure } = draft.state;
  if (isGloballyTerminal(status) || !regions.every((region) => region.phase === 'done')) return;
  if (draft.state.purpose !== 'run' && status === 'RESTARTING' && !draft.allFinished()) {
    if (draft.state.purpose === 'suspending') draft.effect({ type: 'suspended' });
    return draft.change({ purpose: 'suspended' });
  }
  const freed = [...slots.values()];
  draft.change({ slots: new Map(), assignment: draft.state.assignment.map(() => undefined) });
  for (const slot of freed) draft.effect({ type: 'freeSlot', slot, reason: 'the job has ended' });
  draft.effect({ type: 'declareSlots', required: 0 });
  if (status === 'FAILING') draft.setStatus('FAILED', failure);
  else if (status === 'CANCELLING') draft.setStatus('CANCELED');
  else draft.setStatus('FINISHED');
}

/** Slots are gone with all that ran there: their regions fail. */
export function loseSlots(
  draft: Draft,
  allocations: readonly AllocationId[],
  error: SerializedError,
  moment: Moment,
): void {
  const failed = new Set<number>();
  for (const allocationId of allocations) {
    if (draft.dropSlot(allocationId) === undefined) continue;
    for (const vertex of executionsOn(draft, allocationId)) {
      const { state } = draft.execution(vertex);
      if (isTerminal(state)) continue;
      draft.setExecution(
        vertex,
        { state: state === 'CANCELING' ? 'CANCELED' : 'FAILED', allocationId: undefined },
        error,
      );
      failed.add(vertex.region);
    }
  }
  failRegions(draft, failed, error, moment);
  const { status, graph } = draft.state;
  if (status === 'RUNNING' || status === 'RESTARTING' || status === 'CREATED') {
    draft.effect({ type: 'declareSlots', required: graph.slots.length });
  }
}

function executionsOn(draft: Draft, allocationId: AllocationId): ExecutionVertex[] {
  return draft.state.graph.regions
    .flat()
    .filter((vertex) => draft.execution(vertex).allocationId === allocationId);
}
