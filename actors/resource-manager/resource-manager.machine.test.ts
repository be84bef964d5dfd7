import { describe, expect, it } from 'vitest';
import type { AllocationId, Epoch, JobId, TaskManagerId } from '../../src/base/ids.ts';
import type { ResourceManagerRequest } from '../../src/protocol/resource-manager.ts';
import { NOBODY } from '../messaging/serve.ts';
import { walk } from '../test-support/walk.ts';
import { resourceManagerMachine } from './resource-manager.machine.ts';
import type { ResourceManagerEvent } from './resource-manager.machine.ts';

const EPOCH = 7 as Epoch;
const TM = 'tm' as TaskManagerId;
const JOB = 'job' as JobId;

function last(
  ...events: ResourceManagerEvent[]
): ReturnType<typeof walk<typeof resourceManagerMachine>>[number] {
  let allocations = 0;
  const newAllocationId = (): AllocationId => `a${allocations++}` as AllocationId;
  const input = { epoch: EPOCH, placement: 'fill' as const, heartbeatTimeoutMs: 1_000, newAllocationId };
  return walk(resourceManagerMachine, input, ...events).at(-1)!;
}

function requested(request: ResourceManagerRequest, at = 0): ResourceManagerEvent {
  return { type: 'requested', request, caller: NOBODY, at };
}
const REGISTER = requested({
  type: 'registerTaskManager',
  taskManagerId: TM,
  processId: 'p',
  host: 'h',
  slots: [{ slot: 0, state: 'free' }],
});
function declare(required: number, epoch = EPOCH): ResourceManagerEvent {
  return requested({ type: 'declareRequiredSlots', epoch, jobId: JOB, required });
}
function report(at: number): ResourceManagerEvent {
  return requested(
    { type: 'slotReport', taskManagerId: TM, epoch: EPOCH, slots: [{ slot: 0, state: 'free' }] },
    at,
  );
}

describe('resource-manager machine', () => {
  it('when a TaskManager registers and a job needs slots then grants go out, whichever comes first', () => {
    expect(last(REGISTER, declare(1)).actions).toEqual(['askForSlot', 'replyRequiredAccepted']);
    expect(last(declare(1), REGISTER).actions).toEqual(['announce', 'replyRegistered', 'askForSlot']);
  });

  it('when a TaskManager registers again then it is not announced twice', () => {
    expect(last(REGISTER, REGISTER).actions).toEqual(['replyRegistered']);
  });

  it('when a message of another epoch comes then it is fenced', () => {
    expect(last(REGISTER, declare(1, 6 as Epoch)).actions).toEqual(['replyFenced']);
  });

  it('when an unknown TaskManager reports then it is told to register', () => {
    expect(last(report(0)).actions).toEqual(['replyFenced']);
  });

  it('when a TaskManager is silent for the timeout then it is removed and the jobs it served are told', () => {
    const lost = last(REGISTER, declare(1), { type: 'ticked', at: 1_500 });
    expect(lost.actions).toEqual(['announce', 'tellJobs']);
    expect(lost.performed.at(-1)!.params).toMatchObject({ taskManagerId: TM, jobs: [JOB] });
    expect(lost.snapshot.context.slots.taskManagers.size).toBe(0);
  });

  it('when a TaskManager reports in time then it stays', () => {
    expect(
      last(REGISTER, report(900), { type: 'ticked', at: 1_500 }).snapshot.context.slots.taskManagers.size,
    ).toBe(1);
  });

  it('when a TaskManager leaves or cannot be reached then it is removed', () => {
    const leaving = requested({ type: 'unregisterTaskManager', taskManagerId: TM, reason: 'bye' });
    expect(last(REGISTER, leaving).actions).toEqual(['announce', 'tellJobs', 'replyUnregistered']);
    const unreachable: ResourceManagerEvent = { type: 'taskManagerUnreachable', taskManagerId: TM };
    expect(last(REGISTER, unreachable).snapshot.context.slots.taskManagers.size).toBe(0);
  });

  it('when a job-manager cannot reach a TaskManager then the resource-manager looks for itself, if it knows it', () => {
    const reported = requested({ type: 'reportUnreachable', epoch: EPOCH, taskManagerId: TM });
    expect(last(REGISTER, reported).actions).toEqual(['probe', 'replyUnreachableNoted']);
    expect(last(REGISTER, reported).snapshot.context.slots.taskManagers.size).toBe(1);
    expect(last(reported).actions).toEqual(['replyUnreachableNoted']);
  });
});
