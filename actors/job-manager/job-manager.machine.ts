import { assign, setup } from 'xstate';
import type { SerializedError } from '../../src/base/errors.ts';
import type { AllocationId, Epoch, JobId, TaskManagerId, VertexId } from '../../src/base/ids.ts';
import {
  acceptOffers,
  awaitsSlots,
  initialState,
  isActive,
  slotRequestTimedOut,
  startScheduling,
} from '../../src/control/scheduler/decide.ts';
import type {
  Decision,
  ExecutionRef,
  Moment,
  SchedulerEffect,
  SchedulerOrigin,
  SchedulerState,
} from '../../src/control/scheduler/state.ts';
import type { CheckpointSettings } from '../../src/control/checkpoints/state.ts';
import type { RestartPolicy } from '../../src/control/restart-strategy.ts';
import type { ExecutionGraph } from '../../src/graph/execution-graph.ts';
import type { ClientRequest } from '../../src/protocol/client-dispatcher.ts';
import type { JobManagerRequest } from '../../src/protocol/job-manager.ts';
import type { ExecutionState, JobStatus } from '../../src/protocol/job-status.ts';
import type { Caller } from '../messaging/serve.ts';
import { checkpointCoordinatorMachine } from './checkpoint-coordinator/checkpoint-coordinator.machine.ts';
import { decideEvent } from './decide-event.ts';
import { sourceCoordinatorMachine } from './source-coordinator/source-coordinator.machine.ts';

/**
 * One job: scheduling, deployment, failover. Decisions are `control/scheduler`; this machine keeps their state, walks
 * through Flink's JobStatus, and has the effects performed.
 *
 * Invariants:
 * J1. Every change of the scheduler's state goes through one pure decision.
 * J2. Messages of another epoch are fenced; those of another attempt are dropped and counted.
 */
export type JobManagerEvent =
  | {
      readonly type: 'requested';
      readonly request: JobManagerRequest;
      readonly caller: Caller;
      readonly moment: Moment;
    }
  | { readonly type: 'clientRequested'; readonly request: JobClientRequest; readonly caller: Caller }
  | { readonly type: 'slotsDeclared'; readonly cluster: ClusterSlots }
  | {
      readonly type: 'slotsGone';
      readonly allocations: readonly AllocationId[];
      readonly error: SerializedError;
      readonly moment: Moment;
    }
  | {
      readonly type: 'taskManagerSilent';
      readonly taskManagerId: TaskManagerId;
      readonly error: SerializedError;
      readonly moment: Moment;
    }
  | { readonly type: 'backoffElapsed'; readonly region: number; readonly attempt: number }
  | {
      readonly type: 'sourceFailed';
      readonly vertexId: VertexId;
      readonly error: SerializedError;
      readonly moment: Moment;
    }
  /** Checkpoints failed too often, or cannot be taken: the job is restarted, or failed. */
  | { readonly type: 'checkpointsFailed'; readonly error: SerializedError; readonly moment: Moment }
  /** What the job is to go on from cannot be read. */
  | { readonly type: 'restoreFailed'; readonly error: SerializedError }
  /** The job is to go on with another parallelism, under another job-manager. */
  | { readonly type: 'suspend' }
  | { readonly type: 'ticked'; readonly moment: Moment };

/** Requests of clients about one job; the dispatcher passes them on. */
export type JobClientRequest = Extract<
  ClientRequest,
  {
    type:
      | 'requestJobDetails'
      | 'requestExecutionGraph'
      | 'requestCheckpointStatistics'
      | 'cancelJob'
      | 'triggerSnapshot'
      | 'requestSnapshotStatus'
      | 'fetchResults';
  }
>;

export interface ClusterSlots {
  readonly slotsTotal: number;
  readonly slotsAvailable: number;
}

export interface JobManagerInput {
  readonly jobId: JobId;
  readonly epoch: Epoch;
  readonly submittedAt: number;
  readonly moduleSha256: string;
  readonly configuration: Readonly<Record<string, string>>;
  readonly graph: ExecutionGraph;
  readonly policy: RestartPolicy;
  readonly origin: SchedulerOrigin;
  readonly slotRequestTimeoutMs: number;
  readonly checkpoints: CheckpointSettings;
}

export interface JobManagerContext extends JobManagerInput {
  readonly scheduler: SchedulerState;
  readonly cluster: ClusterSlots | undefined;
  /** Since when slots are missing; monotonic ms. */
  readonly waitingSince: number | undefined;
}

/** Id of the child actor of a source. */
export function sourceActorId(vertexId: VertexId): string {
  return `source-${vertexId}`;
}

const statusIs =
  (...statuses: readonly JobStatus[]) =>
  ({ context }: { context: JobManagerContext }): boolean =>
    statuses.includes(context.scheduler.status);

const isRequest =
  (type: JobManagerRequest['type']) =>
  ({ event }: { event: JobManagerEvent }): boolean =>
    event.type === 'requested' && event.request.type === type;

const CHECKPOINT_REQUESTS: readonly JobManagerRequest['type'][] = [
  'acknowledgeCheckpoint',
  'declineCheckpoint',
  'endOfData',
];

/** Id of the checkpoint-coordinator, a child actor. */
export const CHECKPOINTS = 'checkpoints';

const base = setup({
  types: {
    context: {} as JobManagerContext,
    events: {} as JobManagerEvent,
    input: {} as JobManagerInput,
  },
  actors: { source: sourceCoordinatorMachine, checkpoints: checkpointCoordinatorMachine },
  actions: {
    perform: (_, _params: { effect: SchedulerEffect }) => {},
    replyAcknowledged: () => {},
    replyFenced: () => {},
    replyOffers: (_, _params: { accepted: readonly AllocationId[] }) => {},
    takeRows: () => {},
    alignWatermarks: () => {},
    tellOfStopped: (_, _params: { refs: readonly ExecutionRef[] }) => {},
    tellOfFinished: (_, _params: { refs: readonly ExecutionRef[] }) => {},
    forwardToCheckpoints: () => {},
    replyToClient: () => {},
    jobEnded: () => {},
    noteCluster: assign(({ event }) => (event.type === 'slotsDeclared' ? { cluster: event.cluster } : {})),
  },
  guards: {
    isFenced: ({ context, event }) => event.type === 'requested' && event.request.epoch !== context.epoch,
    isOffer: isRequest('offerSlots'),
    isSplitRequest: isRequest('requestSplit'),
    isRows: isRequest('collectRows'),
    isWatermark: isRequest('reportWatermark'),
    isOfCheckpoint: ({ event }) =>
      event.type === 'requested' && CHECKPOINT_REQUESTS.includes(event.request.type),
    isRunning: statusIs('RUNNING'),
    isRestarting: statusIs('RESTARTING'),
    isSuspended: ({ context }) => context.scheduler.purpose === 'suspended',
    isFailing: statusIs('FAILING'),
    isCancelling: statusIs('CANCELLING'),
    isFinished: statusIs('FINISHED'),
    isFailed: statusIs('FAILED'),
    isCanceled: statusIs('CANCELED'),
  },
});

type Enqueue = Parameters<Parameters<typeof base.enqueueActions>[0]>[0]['enqueue'];

function adopt(enqueue: Enqueue, decision: Decision): void {
  enqueue.assign({ scheduler: decision.state });
  for (const effect of decision.effects) enqueue({ type: 'perform', params: { effect } });
  const reached = (states: readonly ExecutionState[]): ExecutionRef[] =>
    decision.effects.flatMap((effect) =>
      effect.type === 'announceExecution' && states.includes(effect.to) ? [effect.ref] : [],
    );
  const stopped = reached(STOPPED);
  if (stopped.length > 0) enqueue({ type: 'tellOfStopped', params: { refs: stopped } });
  const finished = reached(['FINISHED']);
  if (finished.length > 0) enqueue({ type: 'tellOfFinished', params: { refs: finished } });
}

/** States of a subtask that takes part in no checkpoint any more, and has left none of its end. */
const STOPPED: readonly ExecutionState[] = ['CANCELING', 'CANCELED', 'FAILED'];

const machine = base.extend({
  actions: {
    start: base.enqueueActions(({ context, enqueue }) => {
      for (const vertex of context.graph.jobGraph.vertices) {
        if (!vertex.isSource) continue;
        const input = {
          vertexId: vertex.id,
          parallelism: vertex.parallelism,
          jobId: context.jobId,
          epoch: context.epoch,
        };
        enqueue.spawnChild('source', { id: sourceActorId(vertex.id), input });
      }
      const { jobId, epoch, checkpoints } = context;
      enqueue.spawnChild('checkpoints', { id: CHECKPOINTS, input: { jobId, epoch, settings: checkpoints } });
      adopt(enqueue, startScheduling(context.scheduler));
    }),
    decide: base.enqueueActions(({ context, event, enqueue }) => {
      const decision = decideEvent(context.scheduler, event);
      if (decision !== undefined) adopt(enqueue, decision);
    }),
    takeOffers: base.enqueueActions(({ context, event, enqueue }) => {
      if (event.type !== 'requested' || event.request.type !== 'offerSlots') return;
      const { taskManagerId, processId, slots } = event.request;
      const offers = slots.map((slot) => ({ ...slot, taskManagerId, processId }));
      const { accepted, ...decision } = acceptOffers(context.scheduler, offers);
      adopt(enqueue, decision);
      enqueue({ type: 'replyOffers', params: { accepted } });
    }),
    forwardSplitRequest: base.enqueueActions(({ context, event, enqueue }) => {
      if (event.type !== 'requested' || event.request.type !== 'requestSplit') return;
      const { vertexId, subtaskIndex, attempt, requestId } = event.request;
      if (!isActive(context.scheduler, event.request as ExecutionRef)) return;
      enqueue.sendTo(sourceActorId(vertexId), { type: 'splitRequested', subtaskIndex, attempt, requestId });
    }),
    watchSlots: base.enqueueActions(({ context, event, enqueue }) => {
      if (event.type !== 'ticked') return;
      const { scheduler, waitingSince, slotRequestTimeoutMs, cluster } = context;
      if (!awaitsSlots(scheduler)) return enqueue.assign({ waitingSince: undefined });
      if (waitingSince === undefined) return enqueue.assign({ waitingSince: event.moment.now });
      if (event.moment.now - waitingSince > slotRequestTimeoutMs) {
        enqueue.assign({ waitingSince: undefined });
        return adopt(enqueue, slotRequestTimedOut(scheduler, cluster, slotRequestTimeoutMs, event.moment));
      }
      const effect: SchedulerEffect = { type: 'declareSlots', required: scheduler.graph.slots.length };
      enqueue({ type: 'perform', params: { effect } });
    }),
  },
});

export const jobManagerMachine = machine.createMachine({
  id: 'job-manager',
  context: ({ input }) => ({
    ...input,
    scheduler: initialState(input.graph, input.policy, input.origin),
    cluster: undefined,
    waitingSince: undefined,
  }),
  initial: 'initializing',
  on: {
    requested: [
      { guard: 'isFenced', actions: 'replyFenced' },
      { guard: 'isOffer', actions: 'takeOffers' },
      { guard: 'isSplitRequest', actions: ['forwardSplitRequest', 'replyAcknowledged'] },
      { guard: 'isRows', actions: 'takeRows' },
      { guard: 'isWatermark', actions: 'alignWatermarks' },
      { guard: 'isOfCheckpoint', actions: ['forwardToCheckpoints', 'replyAcknowledged'] },
      { actions: ['decide', 'replyAcknowledged'] },
    ],
    clientRequested: { actions: ['decide', 'replyToClient'] },
    slotsDeclared: { actions: 'noteCluster' },
    slotsGone: { actions: 'decide' },
    taskManagerSilent: { actions: 'decide' },
    sourceFailed: { actions: 'decide' },
    checkpointsFailed: { actions: 'decide' },
    restoreFailed: { actions: 'decide' },
    backoffElapsed: { actions: 'decide' },
    suspend: { actions: 'decide' },
    ticked: { actions: 'watchSlots' },
  },
  states: {
    initializing: {
      entry: 'start',
      always: [
        { guard: 'isRunning', target: 'running' },
        { guard: 'isRestarting', target: 'restarting' },
      ],
    },
    running: {
      always: [
        { guard: 'isRestarting', target: 'restarting' },
        { guard: 'isFailing', target: 'failing' },
        { guard: 'isCancelling', target: 'cancelling' },
        { guard: 'isFinished', target: 'finished' },
        { guard: 'isFailed', target: 'failed' },
        { guard: 'isCanceled', target: 'canceled' },
      ],
    },
    restarting: {
      always: [
        { guard: 'isSuspended', target: 'suspended' },
        { guard: 'isRunning', target: 'running' },
        { guard: 'isFailing', target: 'failing' },
        { guard: 'isCancelling', target: 'cancelling' },
        { guard: 'isFinished', target: 'finished' },
        { guard: 'isFailed', target: 'failed' },
        { guard: 'isCanceled', target: 'canceled' },
      ],
    },
    suspended: {
      always: [
        { guard: 'isFailing', target: 'failing' },
        { guard: 'isCancelling', target: 'cancelling' },
        { guard: 'isFailed', target: 'failed' },
        { guard: 'isCanceled', target: 'canceled' },
      ],
    },
    failing: { always: { guard: 'isFailed', target: 'failed' } },
    cancelling: { always: { guard: 'isCanceled', target: 'canceled' } },
    finished: { entry: 'jobEnded' },
    failed: { entry: 'jobEnded' },
    canceled: { entry: 'jobEnded' },
  },
});
