import { assign, setup } from 'xstate';
import type { SerializedError } from '../../../src/base/errors.ts';
import type { ExecutionState } from '../../../src/protocol/job-status.ts';
import type { SubtaskRequest } from '../../../src/protocol/subtask.ts';
import type { Caller } from '../../messaging/serve.ts';

/**
 * One attempt of a subtask: Flink's ExecutionState as a machine. Owns the life of a task (`src/dataplane/task`), which the
 * slot's loop steps.
 *
 * Invariants:
 * U1. Each state is reported once; a terminal state only after the task has been closed (`finished`, `failed` and `halted`
 *     come from the loop when it is).
 * U2. After a terminal state nothing of this attempt runs any more.
 */
export type SubtaskEvent =
  | { readonly type: 'prepared' }
  | { readonly type: 'opened' }
  | { readonly type: 'finished' }
  | { readonly type: 'failed'; readonly error: SerializedError }
  | { readonly type: 'halted' }
  | { readonly type: 'cancel' }
  | { readonly type: 'requested'; readonly request: SubtaskRequest; readonly caller: Caller };

export interface SubtaskContext {
  readonly error: SerializedError | undefined;
  /** The next assignment of splits expected; lower ones were taken already. */
  readonly nextAssignment: number;
}

const machine = setup({
  types: { context: {} as SubtaskContext, events: {} as SubtaskEvent },
  actions: {
    prepare: () => {},
    start: () => {},
    halt: () => {},
    report: (_, _params: { state: ExecutionState }) => {},
    takeSplits: () => {},
    tellTaskOfCheckpoint: () => {},
    acknowledge: () => {},
    refuse: () => {},
    release: () => {},
    keepError: assign(({ event }) => (event.type === 'failed' ? { error: event.error } : {})),
    noteAssignment: assign(({ context, event }) =>
      event.type === 'requested' && event.request.type === 'assignSplits'
        ? { nextAssignment: Math.max(context.nextAssignment, event.request.assignmentId + 1) }
        : {},
    ),
  },
  guards: {
    isKnownAssignment: ({ context, event }) =>
      event.type === 'requested' &&
      event.request.type === 'assignSplits' &&
      event.request.assignmentId < context.nextAssignment,
    isAssignment: ({ event }) => event.type === 'requested' && event.request.type === 'assignSplits',
  },
});

export const subtaskMachine = machine.createMachine({
  id: 'subtask',
  context: { error: undefined, nextAssignment: 0 },
  initial: 'deploying',
  on: { requested: { actions: 'refuse' } },
  states: {
    deploying: {
      entry: 'prepare',
      on: {
        prepared: 'initializing',
        failed: { target: 'failed', actions: 'keepError' },
        cancel: 'canceling',
      },
    },
    initializing: {
      entry: [{ type: 'report', params: { state: 'INITIALIZING' } }, 'start'],
      on: {
        opened: 'running',
        failed: { target: 'failed', actions: 'keepError' },
        cancel: 'canceling',
      },
    },
    running: {
      entry: { type: 'report', params: { state: 'RUNNING' } },
      on: {
        requested: [
          { guard: 'isKnownAssignment', actions: 'acknowledge' },
          { guard: 'isAssignment', actions: ['takeSplits', 'noteAssignment', 'acknowledge'] },
          { actions: ['tellTaskOfCheckpoint', 'acknowledge'] },
        ],
        finished: 'finished',
        failed: { target: 'failed', actions: 'keepError' },
        cancel: 'canceling',
      },
    },
    canceling: {
      entry: [{ type: 'report', params: { state: 'CANCELING' } }, 'halt'],
      on: { halted: 'canceled' },
    },
    finished: { entry: [{ type: 'report', params: { state: 'FINISHED' } }, 'release'], type: 'final' },
    failed: { entry: [{ type: 'report', params: { state: 'FAILED' } }, 'release'], type: 'final' },
    canceled: { entry: [{ type: 'report', params: { state: 'CANCELED' } }, 'release'], type: 'final' },
  },
});
