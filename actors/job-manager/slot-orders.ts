import { assert } from '../../src/base/assert.ts';
import { ExternalError, serializeError } from '../../src/base/errors.ts';
import type { AllocationId } from '../../src/base/ids.ts';
import { buildDeployments } from '../../src/control/deployments.ts';
import type { ExecutionRef, HeldSlot } from '../../src/control/scheduler/state.ts';
import { resourceManagerReply } from '../../src/protocol/resource-manager.ts';
import { slotReply } from '../../src/protocol/slot.ts';
import type { SubmitTasks } from '../../src/protocol/slot.ts';
import { taskManagerReply } from '../../src/protocol/task-manager.ts';
import { BRIEF, ask } from '../messaging/ask.ts';
import type { JobManagerContext } from './job-manager.machine.ts';
import type { EffectOf, Performer, SlotRef } from './performer.ts';

/** Tells the resource-manager how many slots the job needs. */
export async function declareSlots(
  performer: Performer,
  context: JobManagerContext,
  required: number,
): Promise<void> {
  const { environment } = performer;
  const { jobId, epoch } = context;
  const message = { type: 'declareRequiredSlots' as const, epoch, jobId, required };
  try {
    const answer = await ask(
      environment,
      environment.subjects.resourceManager(),
      message,
      resourceManagerReply,
      BRIEF,
    );
    if (answer.type !== 'requiredSlotsAccepted') return;
    const { slotsTotal, slotsAvailable } = answer;
    performer.send({ type: 'slotsDeclared', cluster: { slotsTotal, slotsAvailable } });
  } catch (error) {
    // Declared again at the next tick while slots are missing.
    environment.logger.warn('resource-manager not reached', { jobId, error });
  }
}

/** Deploys once it is sure what the subtasks go on from: a checkpoint that is being decided counts. */
export async function deployRegion(performer: Performer, effect: EffectOf<'deployRegion'>): Promise<void> {
  const { scope } = performer.environment;
  const trace = scope.current;
  const restore = await performer.restoreLocation().catch(() => 'unknown' as const);
  const { jobId, epoch, graph, scheduler, moduleSha256, configuration } = performer.context();
  const region = scheduler.regions[effect.region];
  // The job-manager hears of checkpoints that cannot be read by itself.
  if (restore === 'unknown' || region?.attempt !== effect.attempt || region.phase !== 'active') return;
  const job = {
    jobId,
    jobName: graph.jobGraph.name,
    moduleSha256,
    graphHash: graph.jobGraph.graphHash,
    configuration: { ...configuration },
    checkpointsUri: performer.checkpointsUri,
    periodicCheckpoints: performer.context().checkpoints.intervalMs !== undefined,
  };
  const deployments = buildDeployments(
    graph,
    effect.executions,
    effect.attempt,
    ({ slot }) => {
      const allocationId = scheduler.assignment[slot];
      const held = allocationId === undefined ? undefined : scheduler.slots.get(allocationId);
      assert(held !== undefined, 'a region is deployed only with all of its slots');
      return held;
    },
    job,
    epoch,
    restore,
  );
  scope.within(trace, () => {
    for (const { slot, message } of deployments.values()) void deploy(performer, slot, message);
  });
}

async function deploy(performer: Performer, slot: HeldSlot, message: SubmitTasks): Promise<void> {
  const { environment } = performer;
  const { allocationId } = slot;
  const wanted = (): boolean => performer.context().scheduler.slots.has(allocationId);
  try {
    const subject = environment.subjects.slot(slot.taskManagerId, slot.slot);
    const answer = await ask(environment, subject, message, slotReply, { ...BRIEF, wanted });
    if (answer.type === 'fenced') throw new ExternalError('the slot follows another leader');
  } catch (error) {
    if (!wanted()) return;
    giveUpSlot(performer, slot, new ExternalError(`deployment to ${where(slot)} failed`, { cause: error }));
  }
}

/** Has tasks stop; where they do not in time, or cannot be told, the slot is given up. */
export async function cancelTasks(
  performer: Performer,
  slot: HeldSlot,
  tasks: readonly ExecutionRef[],
): Promise<void> {
  const { environment, cancellationTimeoutMs } = performer;
  const { jobId, epoch } = performer.context();
  const { allocationId } = slot;
  const wanted = (): boolean => stillCanceling(performer, allocationId, tasks);
  if (cancellationTimeoutMs > 0) {
    performer.later(cancellationTimeoutMs, () => {
      if (!wanted()) return;
      const error = new ExternalError(
        `tasks in ${where(slot)} did not stop within ${cancellationTimeoutMs} ms (task.cancellation.timeout): its thread is ended`,
      );
      giveUpSlot(performer, slot, error);
    });
  }
  try {
    const subject = environment.subjects.slot(slot.taskManagerId, slot.slot);
    const message = { type: 'cancelTasks' as const, epoch, allocationId, jobId, tasks };
    await ask(environment, subject, message, slotReply, { ...BRIEF, wanted });
  } catch (error) {
    if (wanted())
      giveUpSlot(
        performer,
        slot,
        new ExternalError(`cancellation in ${where(slot)} failed`, { cause: error }),
      );
  }
}

function stillCanceling(
  performer: Performer,
  allocationId: AllocationId,
  tasks: readonly ExecutionRef[],
): boolean {
  const { scheduler, graph } = performer.context();
  return tasks.some(({ vertexId, subtaskIndex, attempt }) => {
    const execution = scheduler.executions.get(vertexId)?.[subtaskIndex];
    const region = graph.executions.get(vertexId)?.[subtaskIndex]?.region;
    return (
      execution?.state === 'CANCELING' &&
      execution.allocationId === allocationId &&
      region !== undefined &&
      scheduler.regions[region]?.attempt === attempt
    );
  });
}

function giveUpSlot(performer: Performer, slot: HeldSlot, error: ExternalError): void {
  void freeSlot(performer, slot, error.message);
  performer.send({
    type: 'slotsGone',
    allocations: [slot.allocationId],
    error: serializeError(error),
    moment: performer.moment(),
  });
}

/** Gives a slot back to its TaskManager. */
export async function freeSlot(performer: Performer, slot: SlotRef, reason: string): Promise<void> {
  const { environment } = performer;
  const { epoch } = performer.context();
  const { allocationId, taskManagerId } = slot;
  const message = { type: 'freeSlot' as const, epoch, allocationId, reason };
  try {
    await ask(environment, environment.subjects.taskManager(taskManagerId), message, taskManagerReply, BRIEF);
  } catch (error) {
    // The TaskManager frees it by itself when it hears no heartbeat for the job.
    environment.logger.debug('slot not freed by message', { taskManagerId, slot: slot.slot, error });
  }
}

function where(slot: HeldSlot): string {
  return `slot ${slot.slot} of TaskManager ${slot.taskManagerId}`;
}
