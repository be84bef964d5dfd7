import { assign, setup } from 'xstate';
import type { SerializedError } from '../../../src/base/errors.ts';
import type { Epoch, JobId } from '../../../src/base/ids.ts';
import {
  acknowledged,
  decided,
  decisionFailed,
  declined,
  drained,
  initialCoordinator,
  requestSnapshot,
  subtasksFinished,
  subtasksStopped,
  tick,
} from '../../../src/control/checkpoints/decide.ts';
import type {
  Acknowledgement,
  CheckpointDecision,
  CheckpointEffect,
  CheckpointSettings,
  CompletedCheckpoint,
  CoordinatorState,
  JobView,
  SnapshotRequest,
} from '../../../src/control/checkpoints/state.ts';
import type { ExecutionRef } from '../../../src/control/scheduler/state.ts';

/**
 * Checkpoints of one job: triggers, collects, decides, notifies. Decisions are `control/checkpoints`; this machine keeps their
 * state and has the effects performed.
 *
 * Invariants:
 * K1. Nothing is decided before the log of decisions was taken over under this leader's epoch.
 * K2. Every change of the coordinator's state goes through one pure decision.
 */
export type CheckpointCoordinatorEvent =
  | {
      readonly type: 'opened';
      readonly nextId: number;
      readonly completed: readonly CompletedCheckpoint[];
      readonly now: number;
    }
  | { readonly type: 'openFailed'; readonly error: SerializedError }
  | { readonly type: 'ticked'; readonly job: JobView; readonly now: number; readonly wall: number }
  | {
      readonly type: 'acknowledged';
      readonly ref: ExecutionRef;
      readonly checkpointId: number;
      readonly acknowledgement: Acknowledgement;
      readonly now: number;
    }
  | {
      readonly type: 'declined';
      readonly ref: ExecutionRef;
      readonly checkpointId: number;
      readonly error: SerializedError;
      readonly now: number;
    }
  | { readonly type: 'drained'; readonly ref: ExecutionRef }
  | { readonly type: 'subtasksStopped'; readonly refs: readonly ExecutionRef[]; readonly now: number }
  | { readonly type: 'subtasksFinished'; readonly refs: readonly ExecutionRef[]; readonly now: number }
  | { readonly type: 'decided'; readonly completed: CompletedCheckpoint; readonly now: number }
  | {
      readonly type: 'decisionFailed';
      readonly checkpointId: number;
      readonly error: SerializedError;
      readonly now: number;
    }
  | { readonly type: 'snapshotRequested'; readonly request: SnapshotRequest }
  | { readonly type: 'close' };

export interface CheckpointCoordinatorInput {
  readonly jobId: JobId;
  readonly epoch: Epoch;
  readonly settings: CheckpointSettings;
}

export interface CheckpointCoordinatorContext extends CheckpointCoordinatorInput {
  readonly coordinator: CoordinatorState;
}

function decide(state: CoordinatorState, event: CheckpointCoordinatorEvent): CheckpointDecision | undefined {
  switch (event.type) {
    case 'ticked':
      return tick(state, event.job, event.now, event.wall);
    case 'acknowledged':
      return acknowledged(state, event.ref, event.checkpointId, event.acknowledgement, event.now);
    case 'declined':
      return declined(state, event.ref, event.checkpointId, event.error, event.now);
    case 'drained':
      return drained(state, event.ref);
    case 'subtasksStopped':
      return subtasksStopped(state, event.refs, event.now);
    case 'subtasksFinished':
      return subtasksFinished(state, event.refs, event.now);
    case 'decided':
      return decided(state, event.completed, event.now);
    case 'decisionFailed':
      return decisionFailed(state, event.checkpointId, event.error, event.now);
    case 'snapshotRequested':
      return requestSnapshot(state, event.request);
    case 'opened':
    case 'openFailed':
    case 'close':
      return undefined;
  }
}

const base = setup({
  types: {
    context: {} as CheckpointCoordinatorContext,
    events: {} as CheckpointCoordinatorEvent,
    input: {} as CheckpointCoordinatorInput,
  },
  actions: {
    open: () => {},
    perform: (_, _params: { effect: CheckpointEffect }) => {},
    reportFailure: () => {},
    adopt: assign(({ context, event }) => {
      if (event.type !== 'opened') return {};
      const fresh = initialCoordinator(context.settings, event.nextId, event.completed, event.now);
      return { coordinator: { ...fresh, wanted: context.coordinator.wanted } };
    }),
  },
});

const machine = base.extend({
  actions: {
    decide: base.enqueueActions(({ context, event, enqueue }) => {
      const decision = decide(context.coordinator, event);
      if (decision === undefined) return;
      enqueue.assign({ coordinator: decision.state });
      for (const effect of decision.effects) enqueue({ type: 'perform', params: { effect } });
    }),
  },
});

export const checkpointCoordinatorMachine = machine.createMachine({
  id: 'checkpoint-coordinator',
  context: ({ input }) => ({ ...input, coordinator: initialCoordinator(input.settings, 1, [], 0) }),
  initial: 'opening',
  on: { close: '.closed' },
  states: {
    opening: {
      entry: 'open',
      on: {
        opened: { target: 'coordinating', actions: 'adopt' },
        openFailed: { target: 'failed', actions: 'reportFailure' },
        snapshotRequested: { actions: 'decide' },
      },
    },
    coordinating: {
      on: {
        ticked: { actions: 'decide' },
        acknowledged: { actions: 'decide' },
        declined: { actions: 'decide' },
        drained: { actions: 'decide' },
        subtasksStopped: { actions: 'decide' },
        subtasksFinished: { actions: 'decide' },
        decided: { actions: 'decide' },
        decisionFailed: { actions: 'decide' },
        snapshotRequested: { actions: 'decide' },
      },
    },
    failed: {},
    closed: { type: 'final' },
  },
});
