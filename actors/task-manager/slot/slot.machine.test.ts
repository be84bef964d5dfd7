import { describe, expect, it } from 'vitest';
import { serializeError } from '../../../src/base/errors.ts';
import type { AllocationId, Epoch, JobId } from '../../../src/base/ids.ts';
import type { SlotRequest } from '../../../src/protocol/slot.ts';
import { NOBODY } from '../../messaging/serve.ts';
import { walk } from '../../test-support/walk.ts';
import { slotMachine as machine } from './slot.machine.ts';
import type { SlotEvent } from './slot.machine.ts';

/** Without its parent: what it tells its TaskManager is not the matter here. */
const slotMachine = machine.provide({ actions: { tellParent: () => {}, tellParentOfLoss: () => {} } });
const OWN = 'a1' as AllocationId;
const ALLOCATE: SlotEvent = { type: 'allocate', allocationId: OWN, jobId: 'job' as JobId, epoch: 1 as Epoch };

function submit(allocationId: AllocationId): SlotEvent {
  const request = {
    type: 'cancelTasks',
    allocationId,
    epoch: 1,
    jobId: 'job',
    tasks: [],
  } as unknown as SlotRequest;
  return { type: 'slotRequested', request, caller: NOBODY };
}

function states(...events: SlotEvent[]): unknown[] {
  return walk(slotMachine, { slot: 3 }, ...events).map(({ snapshot }) => snapshot.value);
}

describe('slot machine', () => {
  it('when a job uses and gives back a slot then it walks free, allocated, active, releasing, free', () => {
    const walked = states(
      ALLOCATE,
      submit(OWN),
      { type: 'release', reason: '' },
      { type: 'threadTerminated' },
    );
    expect(walked).toEqual(['free', 'allocated', 'active', 'releasing', 'free']);
  });

  it('when the first request comes then the thread is started once', () => {
    const [, , first, second] = walk(slotMachine, { slot: 3 }, ALLOCATE, submit(OWN), submit(OWN));
    expect(first!.actions).toContain('startThread');
    expect(second!.actions).toEqual(['performRequest']);
  });

  it('when a request names another allocation then it is refused and nothing changes', () => {
    const [, , refused] = walk(slotMachine, { slot: 3 }, ALLOCATE, submit('a2' as AllocationId));
    expect(refused!.snapshot.value).toBe('allocated');
    expect(refused!.actions).toEqual(['refuseRequest']);
  });

  it('when a free slot or one that is releasing is asked then it refuses', () => {
    expect(walk(slotMachine, { slot: 3 }, submit(OWN))[1]!.actions).toEqual(['refuseRequest']);
    const steps = walk(
      slotMachine,
      { slot: 3 },
      ALLOCATE,
      submit(OWN),
      { type: 'release', reason: '' },
      submit(OWN),
    );
    expect(steps.at(-1)!.actions).toEqual(['refuseRequest']);
  });

  it('when the thread dies then the slot is released and the allocation that lost it is kept until then', () => {
    const error = serializeError(new Error('out of memory'));
    const steps = walk(slotMachine, { slot: 3 }, ALLOCATE, submit(OWN), { type: 'threadExited', error });
    expect(steps.at(-1)!.snapshot.value).toBe('releasing');
    expect(steps.at(-1)!.snapshot.context.allocation?.allocationId).toBe(OWN);
  });

  it('when it is free again then it has forgotten its allocation', () => {
    const steps = walk(slotMachine, { slot: 3 }, ALLOCATE, { type: 'release', reason: '' });
    expect(steps.at(-1)!.snapshot.context.allocation).toBeUndefined();
  });
});
