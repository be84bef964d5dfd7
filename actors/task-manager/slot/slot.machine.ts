import { assign, sendParent, setup } from 'xstate';
import type { SerializedError } from '../../../src/base/errors.ts';
import type { AllocationId, Epoch, JobId } from '../../../src/base/ids.ts';
import type { SlotStatus } from '../../../src/protocol/resource-manager.ts';
import type { SlotRequest } from '../../../src/protocol/slot.ts';
import type { Caller } from '../../messaging/serve.ts';

/**
 * A slot: one worker thread that serves one job at a time. Owns the thread's life; the subtasks live inside it.
 *
 * Invariants:
 * L1. At most one allocation at a time; messages of another allocation are refused.
 * L2. A thread never serves two allocations: it ends with the first, before the slot is free again.
 */
export type SlotEvent =
  | {
      readonly type: 'allocate';
      readonly allocationId: AllocationId;
      readonly jobId: JobId;
      readonly epoch: Epoch;
    }
  | { readonly type: 'release'; readonly reason: string }
  | { readonly type: 'slotRequested'; readonly request: SlotRequest; readonly caller: Caller }
  | { readonly type: 'threadExited'; readonly error: SerializedError }
  | { readonly type: 'threadTerminated' };

/** What a slot tells its TaskManager. */
export type SlotFact =
  | { readonly type: 'slotChanged'; readonly status: SlotStatus }
  | {
      readonly type: 'slotThreadLost';
      readonly slot: number;
      readonly allocationId: AllocationId;
      readonly jobId: JobId;
      readonly error: SerializedError;
    };

export interface SlotContext {
  readonly slot: number;
  readonly allocation: SlotAllocation | undefined;
}

export interface SlotAllocation {
  readonly allocationId: AllocationId;
  readonly jobId: JobId;
  readonly epoch: Epoch;
}

/** Whether a request speaks of the slot's present allocation. */
function isOwn({ context, event }: { context: SlotContext; event: SlotEvent }): boolean {
  return event.type === 'slotRequested' && event.request.allocationId === context.allocation?.allocationId;
}

export const slotMachine = setup({
  types: {
    context: {} as SlotContext,
    events: {} as SlotEvent,
    input: {} as { readonly slot: number },
  },
  actions: {
    keepAllocation: assign(({ event }) =>
      event.type === 'allocate'
        ? { allocation: { allocationId: event.allocationId, jobId: event.jobId, epoch: event.epoch } }
        : {},
    ),
    forgetAllocation: assign({ allocation: undefined }),
    tellParent: sendParent(({ context }, { state }: { state: SlotStatus['state'] }): SlotFact => ({
      type: 'slotChanged',
      status: {
        slot: context.slot,
        state,
        ...(context.allocation === undefined
          ? {}
          : { allocationId: context.allocation.allocationId, jobId: context.allocation.jobId }),
      },
    })),
    tellParentOfLoss: sendParent(({ context, event }): SlotFact => {
      if (event.type !== 'threadExited' || context.allocation === undefined)
        throw new Error('a thread served an allocation');
      const { allocationId, jobId } = context.allocation;
      return { type: 'slotThreadLost', slot: context.slot, allocationId, jobId, error: event.error };
    }),
    startThread: () => {},
    performRequest: () => {},
    refuseRequest: () => {},
    terminateThread: () => {},
  },
  guards: { isOwn },
}).createMachine({
  id: 'slot',
  context: ({ input }) => ({ slot: input.slot, allocation: undefined }),
  initial: 'free',
  on: { slotRequested: { actions: 'refuseRequest' } },
  states: {
    free: {
      entry: ['forgetAllocation', { type: 'tellParent', params: { state: 'free' } }],
      on: { allocate: { target: 'allocated', actions: 'keepAllocation' } },
    },
    allocated: {
      entry: { type: 'tellParent', params: { state: 'allocated' } },
      on: {
        slotRequested: [
          { guard: 'isOwn', target: 'active', actions: ['startThread', 'performRequest'] },
          { actions: 'refuseRequest' },
        ],
        release: 'free',
      },
    },
    active: {
      entry: { type: 'tellParent', params: { state: 'active' } },
      on: {
        slotRequested: [{ guard: 'isOwn', actions: 'performRequest' }, { actions: 'refuseRequest' }],
        threadExited: { target: 'releasing', actions: 'tellParentOfLoss' },
        release: 'releasing',
      },
    },
    releasing: {
      entry: ['terminateThread', { type: 'tellParent', params: { state: 'releasing' } }],
      on: { threadTerminated: 'free' },
    },
  },
});
