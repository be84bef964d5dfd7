import type { TaskManagerId } from '../../src/base/ids.ts';
import type { ManagedSlot, SlotManager } from '../../src/control/slot-manager.ts';
import type { Clock } from '../../src/ports/clock.ts';
import type { TaskManagerInfo } from '../../src/protocol/task-manager-info.ts';

/** The part of the resource-manager's knowledge that clients may see. */
export interface ClusterResources {
  readonly slots: SlotManager;
  /** When each TaskManager was heard last; monotonic ms. */
  readonly heardFrom: ReadonlyMap<TaskManagerId, number>;
}

/** The registered TaskManagers, in the order of their registration. */
export function taskManagerInfos({ slots, heardFrom }: ClusterResources, clock: Clock): TaskManagerInfo[] {
  return [...slots.taskManagers.values()].map(({ taskManagerId, host, hardware, slots: own }) => ({
    taskManagerId,
    host,
    ...(hardware === undefined ? {} : { hardware }),
    lastHeartbeat: clock.now() - (clock.monotonic() - (heardFrom.get(taskManagerId) ?? clock.monotonic())),
    slots: own.map(slotInfo),
  }));
}

function slotInfo(slot: ManagedSlot): TaskManagerInfo['slots'][number] {
  switch (slot.state) {
    case 'free':
    case 'releasing':
      return { state: slot.state };
    case 'pending':
    case 'allocated':
      return { state: 'allocated', jobId: slot.jobId };
  }
}
