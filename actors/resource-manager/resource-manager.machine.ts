import { assign, setup } from 'xstate';
import type { AllocationId, Epoch, JobId, TaskManagerId } from '../../src/base/ids.ts';
import {
  EMPTY_SLOT_MANAGER,
  acceptSlotReport,
  declareRequired,
  matchSlots,
  registerTaskManager,
  removeTaskManager,
  settleGrant,
} from '../../src/control/slot-manager.ts';
import type { SlotGrant, SlotManager, SlotPlacement } from '../../src/control/slot-manager.ts';
import type { ResourceManagerRequest } from '../../src/protocol/resource-manager.ts';
import type { Caller } from '../messaging/serve.ts';

/**
 * Keeps the cluster's slots: who offers them, who holds them, who needs more. Matching is `control/slot-manager.ts`.
 *
 * Invariants:
 * R1. A TaskManager not heard for `heartbeat.timeout` is removed, and every job with slots there is told.
 * R2. A TaskManager that a job-manager cannot reach is removed once nobody answers the resource-manager there either.
 * R3. A report or declaration of another epoch is fenced.
 */
export type ResourceManagerEvent =
  | {
      readonly type: 'requested';
      readonly request: ResourceManagerRequest;
      readonly caller: Caller;
      readonly at: number;
    }
  | { readonly type: 'grantSettled'; readonly grant: SlotGrant; readonly outcome: 'allocated' | 'refused' }
  | { readonly type: 'taskManagerUnreachable'; readonly taskManagerId: TaskManagerId }
  | { readonly type: 'ticked'; readonly at: number };

export interface ResourceManagerInput {
  readonly epoch: Epoch;
  readonly placement: SlotPlacement;
  readonly heartbeatTimeoutMs: number;
  readonly newAllocationId: () => AllocationId;
}

export interface ResourceManagerContext extends ResourceManagerInput {
  readonly slots: SlotManager;
  /** When each TaskManager was heard last; monotonic ms. */
  readonly heardFrom: ReadonlyMap<TaskManagerId, number>;
}

type Requested = Extract<ResourceManagerEvent, { type: 'requested' }>;
type RequestOf<T extends ResourceManagerRequest['type']> = Extract<ResourceManagerRequest, { type: T }>;

function requestOf<T extends ResourceManagerRequest['type']>(
  event: ResourceManagerEvent,
  type: T,
): RequestOf<T> {
  const { request } = event as Requested;
  if (event.type !== 'requested' || request.type !== type)
    throw new Error(`${type} expected, got ${event.type}`);
  return request as RequestOf<T>;
}

const isRequest =
  (type: ResourceManagerRequest['type']) =>
  ({ event }: { event: ResourceManagerEvent }): boolean =>
    event.type === 'requested' && event.request.type === type;

const base = setup({
  types: {
    context: {} as ResourceManagerContext,
    events: {} as ResourceManagerEvent,
    input: {} as ResourceManagerInput,
  },
  actions: {
    replyRegistered: () => {},
    replyReportAccepted: () => {},
    replyUnregistered: () => {},
    replyRequiredAccepted: () => {},
    replyUnreachableNoted: () => {},
    replyFenced: () => {},
    probe: (_, _params: { taskManagerId: TaskManagerId }) => {},
    askForSlot: (_, _params: { grant: SlotGrant }) => {},
    announce: (
      _,
      _params: { taskManagerId: TaskManagerId; to: 'REGISTERED' | 'LOST' | 'UNREGISTERED'; slots: number },
    ) => {},
    tellJobs: (_, _params: { taskManagerId: TaskManagerId; jobs: readonly JobId[]; reason: string }) => {},
    takeReport: assign(({ context, event }) => {
      const { taskManagerId, slots } = requestOf(event, 'slotReport');
      return {
        slots: acceptSlotReport(context.slots, taskManagerId, slots) ?? context.slots,
        heardFrom: new Map(context.heardFrom).set(taskManagerId, (event as Requested).at),
      };
    }),
    noteRequired: assign(({ context, event }) => {
      const { jobId, required } = requestOf(event, 'declareRequiredSlots');
      return { slots: declareRequired(context.slots, jobId, required) };
    }),
    settle: assign(({ context, event }) =>
      event.type === 'grantSettled' ? { slots: settleGrant(context.slots, event.grant, event.outcome) } : {},
    ),
  },
  guards: {
    isFenced: ({ context, event }) =>
      event.type === 'requested' && 'epoch' in event.request && event.request.epoch !== context.epoch,
    isUnknown: ({ context, event }) =>
      event.type === 'requested' &&
      event.request.type === 'slotReport' &&
      !context.slots.taskManagers.has(event.request.taskManagerId),
    isRegister: isRequest('registerTaskManager'),
    isReport: isRequest('slotReport'),
    isUnregister: isRequest('unregisterTaskManager'),
    isDeclare: isRequest('declareRequiredSlots'),
    isUnreachable: isRequest('reportUnreachable'),
  },
});

type Enqueue = Parameters<Parameters<typeof base.enqueueActions>[0]>[0]['enqueue'];

/** Drops a TaskManager and tells whom it concerns; returns the context without it. */
function remove(
  context: ResourceManagerContext,
  enqueue: Enqueue,
  taskManagerId: TaskManagerId,
  to: 'LOST' | 'UNREGISTERED',
  reason: string,
): ResourceManagerContext {
  const slots = context.slots.taskManagers.get(taskManagerId)?.slots.length;
  if (slots === undefined) return context;
  const { manager, affectedJobs } = removeTaskManager(context.slots, taskManagerId);
  const heardFrom = new Map(context.heardFrom);
  heardFrom.delete(taskManagerId);
  enqueue.assign({ slots: manager, heardFrom });
  enqueue({ type: 'announce', params: { taskManagerId, to, slots } });
  enqueue({ type: 'tellJobs', params: { taskManagerId, jobs: affectedJobs, reason } });
  return { ...context, slots: manager, heardFrom };
}

const machine = base.extend({
  actions: {
    match: base.enqueueActions(({ context, enqueue }) => {
      const { manager, grants } = matchSlots(context.slots, context.placement, context.newAllocationId);
      enqueue.assign({ slots: manager });
      for (const grant of grants) enqueue({ type: 'askForSlot', params: { grant } });
    }),
    addTaskManager: base.enqueueActions(({ context, event, enqueue }) => {
      const { taskManagerId, processId, host, hardware, slots } = requestOf(event, 'registerTaskManager');
      enqueue.assign({
        slots: registerTaskManager(context.slots, { taskManagerId, processId, host, hardware }, slots),
        heardFrom: new Map(context.heardFrom).set(taskManagerId, (event as Requested).at),
      });
      if (context.slots.taskManagers.has(taskManagerId)) return;
      enqueue({ type: 'announce', params: { taskManagerId, to: 'REGISTERED', slots: slots.length } });
    }),
    removeLeaving: base.enqueueActions(({ context, event, enqueue }) => {
      const { taskManagerId, reason } = requestOf(event, 'unregisterTaskManager');
      remove(context, enqueue, taskManagerId, 'UNREGISTERED', reason);
    }),
    probeReported: base.enqueueActions(({ context, event, enqueue }) => {
      const { taskManagerId } = requestOf(event, 'reportUnreachable');
      if (context.slots.taskManagers.has(taskManagerId))
        enqueue({ type: 'probe', params: { taskManagerId } });
    }),
    removeUnreachable: base.enqueueActions(({ context, event, enqueue }) => {
      if (event.type !== 'taskManagerUnreachable') return;
      const reason = 'nobody answers at its address';
      remove(context, enqueue, event.taskManagerId, 'LOST', reason);
    }),
    removeSilent: base.enqueueActions(({ context, event, enqueue }) => {
      if (event.type !== 'ticked') return;
      let left = context;
      for (const taskManagerId of context.slots.taskManagers.keys()) {
        const silent = event.at - (context.heardFrom.get(taskManagerId) ?? event.at);
        if (silent <= context.heartbeatTimeoutMs) continue;
        const reason = `no heartbeat for ${Math.round(silent)} ms (heartbeat.timeout is ${context.heartbeatTimeoutMs} ms)`;
        left = remove(left, enqueue, taskManagerId, 'LOST', reason);
      }
    }),
  },
});

export const resourceManagerMachine = machine.createMachine({
  id: 'resource-manager',
  context: ({ input }) => ({ ...input, slots: EMPTY_SLOT_MANAGER, heardFrom: new Map() }),
  initial: 'leading',
  states: {
    leading: {
      on: {
        requested: [
          { guard: 'isFenced', actions: 'replyFenced' },
          // A TaskManager that was given up registers again: its report is answered as if the leader had changed.
          { guard: 'isUnknown', actions: 'replyFenced' },
          { guard: 'isRegister', actions: ['addTaskManager', 'replyRegistered', 'match'] },
          { guard: 'isReport', actions: ['takeReport', 'replyReportAccepted', 'match'] },
          { guard: 'isUnregister', actions: ['removeLeaving', 'replyUnregistered'] },
          { guard: 'isUnreachable', actions: ['probeReported', 'replyUnreachableNoted'] },
          { guard: 'isDeclare', actions: ['noteRequired', 'match', 'replyRequiredAccepted'] },
        ],
        grantSettled: { actions: ['settle', 'match'] },
        taskManagerUnreachable: { actions: ['removeUnreachable', 'match'] },
        ticked: { actions: ['removeSilent', 'match'] },
      },
    },
  },
});
