import { assert } from '../../src/base/assert.ts';
import { ExternalError, serializeError } from '../../src/base/errors.ts';
import type { AllocationId, VertexId } from '../../src/base/ids.ts';
import { buildDeployments } from '../../src/control/deployments.ts';
import type { ExecutionRef, HeldSlot, Moment, SchedulerEffect } from '../../src/control/scheduler/state.ts';
import { resourceManagerReply } from '../../src/protocol/resource-manager.ts';
import { slotReply } from '../../src/protocol/slot.ts';
import type { RestoreLocation, SubmitTasks } from '../../src/protocol/slot.ts';
import { taskManagerReply } from '../../src/protocol/task-manager.ts';
import { announce } from '../messaging/announce.ts';
import { BRIEF, ask } from '../messaging/ask.ts';
import type { ActorEnvironment } from '../messaging/environment.ts';
import type { JobManagerContext, JobManagerEvent } from './job-manager.machine.ts';
import type { ResultBuffer } from './result-buffer.ts';

/** Names a slot at its TaskManager. */
export type SlotRef = Pick<HeldSlot, 'taskManagerId' | 'slot' | 'allocationId'>;

/** What performing a scheduler's effect needs to know of its job-manager. */
export interface Performer {
  readonly environment: ActorEnvironment;
  readonly results: ResultBuffer;
  /** `task.cancellation.timeout` in ms; 0 waits for ever. */
  readonly cancellationTimeoutMs: number;
  context(): JobManagerContext;
  send(event: JobManagerEvent): void;
  /** What subtasks that are deployed now go on from. */
  restoreLocation(): Promise<RestoreLocation | undefined>;
  hasRestorePoint(): boolean;
  /** Folder of the job's checkpoints. */
  readonly checkpointsUri: string;
  discardSplits(vertexId: VertexId, subtasks: readonly number[], attempt: number): void;
  moment(): Moment;
  /** Gives back a slot that the job does not use. */
  freeSlot(slot: SlotRef): void;
  /**
   * Acts once no decision on a checkpoint is being written: what a failed attempt had goes back only when it is known what its successor
   * goes on from.
   */
  onceDecided(act: () => void): void;
  /** All tasks have stopped, so that the job can go on with another parallelism. */
  suspended(): void;
  /** Runs `act` after `delayMs`, unless the job-manager has stopped or the job has ended by then. */
  later(delayMs: number, act: () => void): void;
}

type EffectOf<T extends SchedulerEffect['type']> = Extract<SchedulerEffect, { type: T }>;

/**
 * Performs one effect of the scheduler.
 * @param context as the effect's decision left it; the actor's own snapshot still shows the state before.
 */
export function perform(performer: Performer, context: JobManagerContext, effect: SchedulerEffect): void {
  switch (effect.type) {
    case 'declareSlots':
      return void declareSlots(performer, context, effect.required);
    case 'deployRegion':
      return void deployRegion(performer, effect);
    case 'cancelTasks':
      return void cancelTasks(performer, effect.slot, effect.tasks);
    case 'freeSlot':
      return void freeSlot(performer, effect.slot, effect.reason);
    case 'startBackoff': {
      const { region, attempt, delayMs } = effect;
      performer.later(delayMs, () => performer.send({ type: 'backoffElapsed', region, attempt }));
      return;
    }
    case 'suspended':
      return performer.suspended();
    case 'discardAttempt':
      return performer.onceDecided(() => discardAttempt(performer, context, effect.region, effect.attempt));
    case 'announceJob':
      return announceJob(performer, context, effect);
    case 'announceExecution':
      return announceExecution(performer, context, effect);
  }
}

async function declareSlots(
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
async function deployRegion(performer: Performer, effect: EffectOf<'deployRegion'>): Promise<void> {
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

async function cancelTasks(
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

function discardAttempt(
  performer: Performer,
  context: JobManagerContext,
  region: number,
  attempt: number,
): void {
  const { graph } = context;
  const members = graph.regions[region] ?? [];
  // With a checkpoint, subtasks say themselves from which row they go on.
  if (!performer.hasRestorePoint()) performer.results.discard(members);
  for (const vertex of graph.jobGraph.vertices) {
    if (!vertex.isSource) continue;
    const subtasks = members
      .filter((member) => member.vertexId === vertex.id)
      .map((member) => member.subtaskIndex);
    if (subtasks.length > 0) performer.discardSplits(vertex.id, subtasks, attempt);
  }
}

function announceJob(
  performer: Performer,
  context: JobManagerContext,
  effect: EffectOf<'announceJob'>,
): void {
  const { environment } = performer;
  const { jobId, graph } = context;
  const { from, to, error } = effect;
  const { name } = graph.jobGraph;
  const fields = {
    jobId,
    job: name.slice(0, 200),
    from,
    ...(error === undefined ? {} : { reason: error.message }),
  };
  if (error === undefined) environment.logger.info(`job ${to}`, fields);
  else environment.logger.warn(`job ${to}`, fields);
  announce(environment, {
    type: 'jobStatusChanged',
    at: environment.clock.now(),
    jobId,
    name,
    from,
    to,
    ...(error === undefined ? {} : { error }),
  });
}

function announceExecution(
  performer: Performer,
  context: JobManagerContext,
  effect: EffectOf<'announceExecution'>,
): void {
  const { environment } = performer;
  const { jobId, graph } = context;
  const { ref, to, taskManagerId, error } = effect;
  announce(environment, {
    type: 'executionStateChanged',
    at: environment.clock.now(),
    jobId,
    ...ref,
    vertexName: graph.vertices.get(ref.vertexId)?.name ?? '',
    to,
    ...(taskManagerId === undefined ? {} : { taskManagerId }),
    ...(error === undefined ? {} : { error }),
  });
}

function where(slot: HeldSlot): string {
  return `slot ${slot.slot} of TaskManager ${slot.taskManagerId}`;
}
