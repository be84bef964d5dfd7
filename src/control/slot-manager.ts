import type { AllocationId, JobId, TaskManagerId } from '../base/ids.ts';
import type { SlotStatus } from '../protocol/resource-manager.ts';
import type { TaskManagerHardware } from '../protocol/task-manager-info.ts';

/**
 * The resource-manager's bookkeeping: which slots exist, who holds them, who needs how many. Pure and immutable.
 *
 * Invariants:
 * M1. A slot belongs to one job at most.
 * M2. What a TaskManager reports is the truth, except for a slot whose grant is under way (`pending`).
 * M3. A job never gets more slots than it declared.
 */
export interface SlotManager {
  readonly taskManagers: ReadonlyMap<TaskManagerId, RegisteredTaskManager>;
  /** Slots each job needs in all. Insertion order is the order of service. */
  readonly required: ReadonlyMap<JobId, number>;
}

export interface RegisteredTaskManager {
  readonly taskManagerId: TaskManagerId;
  readonly processId: string;
  readonly host: string;
  readonly hardware?: TaskManagerHardware | undefined;
  readonly slots: readonly ManagedSlot[];
}

export type ManagedSlot =
  | { readonly state: 'free' }
  | { readonly state: 'pending' | 'allocated'; readonly jobId: JobId; readonly allocationId: AllocationId }
  | { readonly state: 'releasing' };

/** A slot to be granted: the TaskManager is asked, and answers. */
export interface SlotGrant {
  readonly taskManagerId: TaskManagerId;
  readonly slot: number;
  readonly jobId: JobId;
  readonly allocationId: AllocationId;
}

/** `fill`: one TaskManager first, then the next (default). `spread`: the one with most free slots. */
export type SlotPlacement = 'fill' | 'spread';

export const EMPTY_SLOT_MANAGER: SlotManager = { taskManagers: new Map(), required: new Map() };

export function registerTaskManager(
  manager: SlotManager,
  taskManager: Omit<RegisteredTaskManager, 'slots'>,
  slots: readonly SlotStatus[],
): SlotManager {
  const registered = { ...taskManager, slots: slots.map((slot) => managedSlot(slot, undefined)) };
  return {
    ...manager,
    taskManagers: new Map(manager.taskManagers).set(taskManager.taskManagerId, registered),
  };
}

/** Takes over a slot report; undefined when the TaskManager is not registered. */
export function acceptSlotReport(
  manager: SlotManager,
  taskManagerId: TaskManagerId,
  slots: readonly SlotStatus[],
): SlotManager | undefined {
  const known = manager.taskManagers.get(taskManagerId);
  if (known === undefined) return undefined;
  const merged = slots.map((slot, i) => managedSlot(slot, known.slots[i]));
  return {
    ...manager,
    taskManagers: new Map(manager.taskManagers).set(taskManagerId, { ...known, slots: merged }),
  };
}

function managedSlot(report: SlotStatus, known: ManagedSlot | undefined): ManagedSlot {
  switch (report.state) {
    case 'free':
      return known?.state === 'pending' ? known : { state: 'free' };
    case 'allocated':
    case 'active':
      return report.jobId === undefined || report.allocationId === undefined
        ? { state: 'releasing' }
        : { state: 'allocated', jobId: report.jobId, allocationId: report.allocationId };
    case 'releasing':
      return { state: 'releasing' };
  }
}

/** Drops a TaskManager; also tells which jobs held slots there. */
export function removeTaskManager(
  manager: SlotManager,
  taskManagerId: TaskManagerId,
): { readonly manager: SlotManager; readonly affectedJobs: readonly JobId[] } {
  const gone = manager.taskManagers.get(taskManagerId);
  if (gone === undefined) return { manager, affectedJobs: [] };
  const taskManagers = new Map(manager.taskManagers);
  taskManagers.delete(taskManagerId);
  const affectedJobs = [...new Set(gone.slots.flatMap((slot) => ('jobId' in slot ? [slot.jobId] : [])))];
  return { manager: { ...manager, taskManagers }, affectedJobs };
}

export function declareRequired(manager: SlotManager, jobId: JobId, required: number): SlotManager {
  const next = new Map(manager.required);
  if (required === 0) next.delete(jobId);
  else next.set(jobId, required);
  return { ...manager, required: next };
}

/**
 * Outcome of a grant: `allocated` when the TaskManager took it; `refused` when it did not, or did not answer: the slot is
 * left alone until the next report says what it is.
 */
export function settleGrant(
  manager: SlotManager,
  grant: SlotGrant,
  outcome: 'allocated' | 'refused',
): SlotManager {
  const taskManager = manager.taskManagers.get(grant.taskManagerId);
  const slot = taskManager?.slots[grant.slot];
  if (taskManager === undefined || slot?.state !== 'pending' || slot.allocationId !== grant.allocationId)
    return manager;
  const settled: ManagedSlot =
    outcome === 'refused' ? { state: 'releasing' } : { ...slot, state: 'allocated' };
  return withSlot(manager, taskManager, grant.slot, settled);
}

/**
 * Grants free slots to jobs that need more, jobs in order of declaration.
 * @param newAllocationId called once per grant
 */
export function matchSlots(
  manager: SlotManager,
  placement: SlotPlacement,
  newAllocationId: () => AllocationId,
): { readonly manager: SlotManager; readonly grants: readonly SlotGrant[] } {
  const grants: SlotGrant[] = [];
  let current = manager;
  for (const [jobId, required] of manager.required) {
    for (let missing = required - slotsOf(current, jobId); missing > 0; missing--) {
      const pick = pickSlot(current, placement);
      if (pick === undefined) return { manager: current, grants };
      const grant = {
        taskManagerId: pick.taskManager.taskManagerId,
        slot: pick.slot,
        jobId,
        allocationId: newAllocationId(),
      };
      grants.push(grant);
      current = withSlot(current, pick.taskManager, pick.slot, {
        state: 'pending',
        jobId,
        allocationId: grant.allocationId,
      });
    }
  }
  return { manager: current, grants };
}

/** Slots that a job holds or is being granted. */
export function slotsOf(manager: SlotManager, jobId: JobId): number {
  let n = 0;
  for (const { slots } of manager.taskManagers.values()) {
    for (const slot of slots) if ('jobId' in slot && slot.jobId === jobId) n++;
  }
  return n;
}

export function countSlots(manager: SlotManager): { readonly total: number; readonly available: number } {
  let total = 0;
  let available = 0;
  for (const { slots } of manager.taskManagers.values()) {
    total += slots.length;
    available += freeSlots(slots);
  }
  return { total, available };
}

function freeSlots(slots: readonly ManagedSlot[]): number {
  return slots.reduce((n, slot) => n + (slot.state === 'free' ? 1 : 0), 0);
}

function pickSlot(
  manager: SlotManager,
  placement: SlotPlacement,
): { readonly taskManager: RegisteredTaskManager; readonly slot: number } | undefined {
  let best: RegisteredTaskManager | undefined;
  let bestScore = Number.NEGATIVE_INFINITY;
  for (const taskManager of manager.taskManagers.values()) {
    const free = freeSlots(taskManager.slots);
    if (free === 0) continue;
    // `fill` prefers TaskManagers already in use, then the earliest registered; `spread` the emptiest by share.
    const score = placement === 'fill' ? -free / taskManager.slots.length : free / taskManager.slots.length;
    if (score > bestScore) {
      best = taskManager;
      bestScore = score;
    }
  }
  if (best === undefined) return undefined;
  return { taskManager: best, slot: best.slots.findIndex((slot) => slot.state === 'free') };
}

function withSlot(
  manager: SlotManager,
  taskManager: RegisteredTaskManager,
  index: number,
  slot: ManagedSlot,
): SlotManager {
  const changed = { ...taskManager, slots: taskManager.slots.with(index, slot) };
  return { ...manager, taskManagers: new Map(manager.taskManagers).set(taskManager.taskManagerId, changed) };
}
