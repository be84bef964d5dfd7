import { assign, setup } from 'xstate';
import type { AllocationId, Epoch, JobId, TaskManagerId } from '../../src/base/ids.ts';
import type { TaskManagerHardware } from '../../src/protocol/task-manager-info.ts';
import type { SlotStatus } from '../../src/protocol/resource-manager.ts';
import type { TaskManagerRequest } from '../../src/protocol/task-manager.ts';
import type { Caller } from '../messaging/serve.ts';
import { slotMachine } from './slot/slot.machine.ts';
import type { SlotFact } from './slot/slot.machine.ts';

/**
 * A worker process: registers with the resource-manager, reports its slots, offers granted ones to their job-managers.
 *
 * Invariants:
 * K1. A message of a lower epoch than the leader's is fenced; a new leader's epoch frees all slots of the old one.
 * K2. A job whose job-manager is not heard for `heartbeat.timeout` loses its slots here (self-fencing).
 */
export type TaskManagerEvent =
  | SlotFact
  | {
      readonly type: 'requested';
      readonly request: TaskManagerRequest;
      readonly caller: Caller;
      readonly at: number;
    }
  | { readonly type: 'registered'; readonly epoch: Epoch; readonly at: number }
  | { readonly type: 'registrationFailed' }
  | { readonly type: 'reportAccepted'; readonly at: number }
  | { readonly type: 'leaderLost' }
  | {
      readonly type: 'offerAnswered';
      readonly jobId: JobId;
      readonly allocationId: AllocationId;
      readonly accepted: boolean;
    }
  | { readonly type: 'ticked'; readonly at: number }
  | { readonly type: 'stop' };

export interface TaskManagerInput {
  readonly taskManagerId: TaskManagerId;
  readonly processId: string;
  readonly host: string;
  /** What its process has; shown to clients. */
  readonly hardware?: TaskManagerHardware | undefined;
  readonly slots: number;
  readonly heartbeatTimeoutMs: number;
  /** Pause before registering again. */
  readonly registrationPauseMs: number;
}

export interface TaskManagerContext extends TaskManagerInput {
  readonly epoch: Epoch | undefined;
  readonly table: readonly SlotStatus[];
  /** When each job's manager was heard last; monotonic ms. */
  readonly heardFrom: ReadonlyMap<JobId, number>;
  readonly leaderHeardAt: number;
}

/** Id of the child actor of a slot. */
export function slotActorId(slot: number): string {
  return `slot-${slot}`;
}

export function slotsOfJob(context: TaskManagerContext, jobId: JobId): readonly SlotStatus[] {
  return context.table.filter((slot) => slot.jobId === jobId);
}

function isFenced({ context, event }: { context: TaskManagerContext; event: TaskManagerEvent }): boolean {
  return event.type === 'requested' && event.request.epoch !== context.epoch;
}

function isNewLeader({ context, event }: { context: TaskManagerContext; event: TaskManagerEvent }): boolean {
  return event.type === 'registered' && context.epoch !== undefined && event.epoch !== context.epoch;
}

const base = setup({
  types: {
    context: {} as TaskManagerContext,
    events: {} as TaskManagerEvent,
    input: {} as TaskManagerInput,
  },
  actors: { slot: slotMachine },
  actions: {
    register: () => {},
    report: () => {},
    unregister: () => {},
    replyFenced: () => {},
    replySlotAllocated: () => {},
    refuseAllocation: () => {},
    replySlotFreed: () => {},
    replyHeartbeat: () => {},
    replyPresent: () => {},
    offerSlot: (_, _params: { slot: SlotStatus }) => {},
    tellJobOfLoss: () => {},
    keepLeader: assign(({ event }) =>
      event.type === 'registered' ? { epoch: event.epoch, leaderHeardAt: event.at } : {},
    ),
    noteLeader: assign(({ event }) => (event.type === 'reportAccepted' ? { leaderHeardAt: event.at } : {})),
    noteJobManager: assign(({ context, event }) =>
      event.type === 'requested' && event.request.type === 'jobManagerHeartbeat'
        ? { heardFrom: new Map(context.heardFrom).set(event.request.jobId, event.at) }
        : {},
    ),
    updateTable: assign(({ context, event }) =>
      event.type === 'slotChanged' ? { table: context.table.with(event.status.slot, event.status) } : {},
    ),
  },
  guards: {
    isFenced,
    isNewLeader,
    leaderSilent: ({ context, event }) =>
      event.type === 'ticked' && event.at - context.leaderHeardAt > context.heartbeatTimeoutMs,
    allSlotsFree: ({ context }) => context.table.every((slot) => slot.state === 'free'),
    isAllocate: ({ event }) => event.type === 'requested' && event.request.type === 'allocateSlot',
    isProbe: ({ event }) => event.type === 'requested' && event.request.type === 'probeTaskManager',
    isFree: ({ event }) => event.type === 'requested' && event.request.type === 'freeSlot',
  },
  delays: { REGISTRATION_PAUSE: ({ context }) => context.registrationPauseMs },
});

const machine = base.extend({
  actions: {
    spawnSlots: base.enqueueActions(({ context, enqueue }) => {
      for (const { slot } of context.table)
        enqueue.spawnChild('slot', { id: slotActorId(slot), input: { slot } });
    }),
    offerIfAllocated: base.enqueueActions(({ event, enqueue }) => {
      if (event.type === 'slotChanged' && event.status.state === 'allocated') {
        enqueue({ type: 'offerSlot', params: { slot: event.status } });
      }
    }),
    allocate: base.enqueueActions(({ context, event, enqueue }) => {
      if (event.type !== 'requested' || event.request.type !== 'allocateSlot') return;
      const { slot, allocationId, jobId, epoch } = event.request;
      const present = context.table[slot];
      if (present?.allocationId === allocationId) return enqueue('replySlotAllocated');
      if (present?.state !== 'free') return enqueue('refuseAllocation');
      enqueue.assign({ heardFrom: new Map(context.heardFrom).set(jobId, event.at) });
      enqueue('replySlotAllocated');
      enqueue.sendTo(slotActorId(slot), { type: 'allocate', allocationId, jobId, epoch });
    }),
    freeRequested: base.enqueueActions(({ context, event, enqueue }) => {
      if (event.type !== 'requested' || event.request.type !== 'freeSlot') return;
      const { allocationId, reason } = event.request;
      const held = context.table.find((slot) => slot.allocationId === allocationId);
      if (held !== undefined) enqueue.sendTo(slotActorId(held.slot), { type: 'release', reason });
      enqueue('replySlotFreed');
    }),
    settleOffer: base.enqueueActions(({ context, event, enqueue }) => {
      if (event.type !== 'offerAnswered' || event.accepted) return;
      const held = context.table.find((slot) => slot.allocationId === event.allocationId);
      if (held !== undefined) {
        enqueue.sendTo(slotActorId(held.slot), {
          type: 'release',
          reason: 'the job-manager did not take the slot',
        });
      }
    }),
    freeSilentJobs: base.enqueueActions(({ context, event, enqueue }) => {
      if (event.type !== 'ticked') return;
      for (const { slot, jobId } of context.table) {
        if (jobId === undefined) continue;
        const heard = context.heardFrom.get(jobId) ?? event.at;
        if (event.at - heard > context.heartbeatTimeoutMs) {
          enqueue.sendTo(slotActorId(slot), {
            type: 'release',
            reason: 'the job-manager is not heard any more',
          });
        }
      }
    }),
    freeAll: base.enqueueActions(({ context, enqueue }) => {
      for (const { slot, state } of context.table) {
        if (state !== 'free')
          enqueue.sendTo(slotActorId(slot), { type: 'release', reason: 'the TaskManager lost its leader' });
      }
    }),
  },
});

export const taskManagerMachine = machine.createMachine({
  id: 'task-manager',
  context: ({ input }) => ({
    ...input,
    epoch: undefined,
    table: Array.from({ length: input.slots }, (_, slot): SlotStatus => ({ slot, state: 'free' })),
    heardFrom: new Map(),
    leaderHeardAt: 0,
  }),
  entry: 'spawnSlots',
  initial: 'registering',
  on: {
    slotChanged: { actions: 'updateTable' },
    slotThreadLost: { actions: 'tellJobOfLoss' },
    offerAnswered: { actions: 'settleOffer' },
    requested: { actions: 'replyFenced' },
    stop: '.stopping',
  },
  states: {
    registering: {
      initial: 'asking',
      states: {
        asking: { entry: 'register', on: { registrationFailed: 'pausing' } },
        pausing: { after: { REGISTRATION_PAUSE: 'asking' } },
      },
      on: {
        registered: [
          { guard: 'isNewLeader', target: 'registered', actions: ['freeAll', 'keepLeader'] },
          { target: 'registered', actions: 'keepLeader' },
        ],
        ticked: { actions: 'freeSilentJobs' },
      },
    },
    registered: {
      on: {
        requested: [
          { guard: 'isFenced', actions: 'replyFenced' },
          { guard: 'isAllocate', actions: 'allocate' },
          { guard: 'isFree', actions: 'freeRequested' },
          { guard: 'isProbe', actions: 'replyPresent' },
          { actions: ['noteJobManager', 'replyHeartbeat'] },
        ],
        slotChanged: { actions: ['updateTable', 'offerIfAllocated', 'report'] },
        ticked: [{ guard: 'leaderSilent', target: 'registering' }, { actions: ['freeSilentJobs', 'report'] }],
        reportAccepted: { actions: 'noteLeader' },
        leaderLost: 'registering',
      },
    },
    stopping: {
      entry: ['freeAll', 'unregister'],
      always: { guard: 'allSlotsFree', target: 'stopped' },
      on: { slotChanged: { actions: 'updateTable' } },
    },
    stopped: { type: 'final' },
  },
});
