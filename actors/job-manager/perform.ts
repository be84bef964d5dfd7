import type { SchedulerEffect } from '../../src/control/scheduler/state.ts';
import { announceExecution, announceJob } from './announcements.ts';
import type { JobManagerContext } from './job-manager.machine.ts';
import type { Performer } from './performer.ts';
import { cancelTasks, declareSlots, deployRegion, freeSlot } from './slot-orders.ts';

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
