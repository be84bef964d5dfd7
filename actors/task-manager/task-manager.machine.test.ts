import { describe, expect, it } from 'vitest';
import type { AllocationId, Epoch, JobId, TaskManagerId } from '../../src/base/ids.ts';
import type { TaskManagerRequest } from '../../src/protocol/task-manager.ts';
import { NOBODY } from '../messaging/serve.ts';
import { walk } from '../test-support/walk.ts';
import { taskManagerMachine } from './task-manager.machine.ts';
import type { TaskManagerEvent, TaskManagerInput } from './task-manager.machine.ts';

const INPUT: TaskManagerInput = {
  taskManagerId: 'tm' as TaskManagerId,
  processId: 'p',
  host: 'h',
  slots: 2,
  heartbeatTimeoutMs: 1_000,
  registrationPauseMs: 10,
};
const REGISTERED: TaskManagerEvent = { type: 'registered', epoch: 1 as Epoch, at: 0 };
const JOB = 'job' as JobId;
const A1 = 'a1' as AllocationId;

function requested(request: TaskManagerRequest, at = 0): TaskManagerEvent {
  return { type: 'requested', request, caller: NOBODY, at };
}
function allocate(epoch = 1, allocationId = A1): TaskManagerEvent {
  return requested({ type: 'allocateSlot', epoch: epoch as Epoch, slot: 0, allocationId, jobId: JOB });
}
const ALLOCATED: TaskManagerEvent = {
  type: 'slotChanged',
  status: { slot: 0, state: 'allocated', allocationId: A1, jobId: JOB },
};

function last(...events: TaskManagerEvent[]): ReturnType<typeof walk<typeof taskManagerMachine>>[number] {
  return walk(taskManagerMachine, INPUT, ...events).at(-1)!;
}

describe('task-manager machine', () => {
  it('when registration fails then it pauses and asks again', () => {
    expect(last({ type: 'registrationFailed' }).snapshot.value).toEqual({ registering: 'pausing' });
    expect(last(REGISTERED).snapshot.value).toBe('registered');
  });

  it('when a request of another epoch comes then it is fenced', () => {
    expect(last(REGISTERED, allocate(2)).actions).toEqual(['replyFenced']);
  });

  it('when nobody leads then every request is fenced', () => {
    expect(last(allocate()).actions).toEqual(['replyFenced']);
  });

  it('when a slot is granted then it is allocated, and offered to the job once it is', () => {
    expect(last(REGISTERED, allocate()).actions).toContain('replySlotAllocated');
    expect(last(REGISTERED, allocate(), ALLOCATED).actions).toEqual(['offerSlot', 'report']);
  });

  it('when a grant is repeated then it is answered again, and another one for that slot is refused', () => {
    expect(last(REGISTERED, allocate(), ALLOCATED, allocate()).actions).toEqual(['replySlotAllocated']);
    expect(last(REGISTERED, allocate(), ALLOCATED, allocate(1, 'a2' as AllocationId)).actions).toEqual([
      'refuseAllocation',
    ]);
  });

  it('when the leader is silent for the timeout then it registers again', () => {
    expect(last(REGISTERED, { type: 'ticked', at: 900 }).snapshot.value).toBe('registered');
    expect(last(REGISTERED, { type: 'ticked', at: 1_100 }).snapshot.value).toEqual({ registering: 'asking' });
    expect(
      last(REGISTERED, { type: 'reportAccepted', at: 800 }, { type: 'ticked', at: 1_100 }).snapshot.value,
    ).toBe('registered');
  });

  it('when a job-manager is silent for the timeout then its slots are released, one that is heard keeps them', () => {
    const held: TaskManagerEvent[] = [
      REGISTERED,
      allocate(),
      ALLOCATED,
      { type: 'reportAccepted', at: 1_500 },
    ];
    const heartbeat = requested({ type: 'jobManagerHeartbeat', epoch: 1 as Epoch, jobId: JOB }, 1_000);
    const sends = (events: TaskManagerEvent[]): number =>
      last(...events, { type: 'ticked', at: 1_500 }).actions.filter((type) => type === 'xstate.sendTo')
        .length;
    expect(sends(held)).toBe(1);
    expect(sends([...held, heartbeat])).toBe(0);
  });

  it('when the resource-manager probes then it is answered, in its epoch only', () => {
    const probe = (epoch: number) => requested({ type: 'probeTaskManager', epoch: epoch as Epoch }, 1_000);
    expect(last(REGISTERED, probe(1)).actions).toEqual(['replyPresent']);
    expect(last(REGISTERED, probe(2)).actions).toEqual(['replyFenced']);
  });

  it('when a new leader takes the TaskManager then the slots of the old one are released', () => {
    const again = last(
      REGISTERED,
      allocate(),
      ALLOCATED,
      { type: 'leaderLost' },
      { type: 'registered', epoch: 2 as Epoch, at: 5 },
    );
    expect(again.actions).toContain('xstate.sendTo');
    expect(again.snapshot.context.epoch).toBe(2);
  });

  it('when it stops then it says goodbye and ends when all slots are free', () => {
    const stopping = last(REGISTERED, allocate(), ALLOCATED, { type: 'stop' });
    expect(stopping.snapshot.value).toBe('stopping');
    expect(stopping.actions).toContain('unregister');
    const free: TaskManagerEvent = { type: 'slotChanged', status: { slot: 0, state: 'free' } };
    expect(last(REGISTERED, allocate(), ALLOCATED, { type: 'stop' }, free).snapshot.status).toBe('done');
  });
});
