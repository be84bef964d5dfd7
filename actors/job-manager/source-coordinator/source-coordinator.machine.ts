import { assign, setup } from 'xstate';
import type { SerializedError } from '../../../src/base/errors.ts';
import type { Epoch, JobId, VertexId } from '../../../src/base/ids.ts';

/**
 * One source's splits: runs the enumerator and hands out what it assigns.
 *
 * Invariants:
 * E1. Requests that come before the enumerator has started wait for it.
 * E2. A request repeated (same attempt, same request id) reaches the enumerator once.
 * E3. Splits of a discarded attempt go back to the enumerator before its next attempt is served.
 */
export type SourceCoordinatorEvent =
  | { readonly type: 'started' }
  | { readonly type: 'failed'; readonly error: SerializedError }
  | ({ readonly type: 'splitRequested' } & SplitRequest)
  | { readonly type: 'attemptDiscarded'; readonly subtasks: readonly number[]; readonly attempt: number }
  | { readonly type: 'close' };

export interface SplitRequest {
  readonly subtaskIndex: number;
  readonly attempt: number;
  readonly requestId: number;
}

export interface SourceCoordinatorInput {
  readonly vertexId: VertexId;
  readonly jobId: JobId;
  readonly epoch: Epoch;
  readonly parallelism: number;
}

export interface SourceCoordinatorContext extends SourceCoordinatorInput {
  readonly waiting: readonly SplitRequest[];
  /** The newest request served, by subtask. */
  readonly served: ReadonlyMap<number, SplitRequest>;
}

const base = setup({
  types: {
    context: {} as SourceCoordinatorContext,
    events: {} as SourceCoordinatorEvent,
    input: {} as SourceCoordinatorInput,
  },
  actions: {
    startEnumerator: () => {},
    handleRequest: (_, _params: { request: SplitRequest; isNewReader: boolean }) => {},
    takeBack: () => {},
    closeEnumerator: () => {},
    reportFailure: () => {},
    wait: assign(({ context, event }) =>
      event.type === 'splitRequested' ? { waiting: [...context.waiting, event] } : {},
    ),
    forget: assign({ served: new Map(), waiting: [] }),
  },
});

function isNewer(request: SplitRequest, last: SplitRequest): boolean {
  if (request.attempt !== last.attempt) return request.attempt > last.attempt;
  return request.requestId > last.requestId;
}

const machine = base.extend({
  actions: {
    serve: base.enqueueActions(({ context, event, enqueue }) => {
      if (event.type !== 'splitRequested') return;
      const last = context.served.get(event.subtaskIndex);
      if (last !== undefined && !isNewer(event, last)) return;
      enqueue.assign({ served: new Map(context.served).set(event.subtaskIndex, event) });
      const isNewReader = last === undefined || last.attempt !== event.attempt;
      enqueue({ type: 'handleRequest', params: { request: event, isNewReader } });
    }),
    serveWaiting: base.enqueueActions(({ context, enqueue }) => {
      for (const request of context.waiting) enqueue.raise({ type: 'splitRequested', ...request });
      enqueue.assign({ waiting: [] });
    }),
  },
});

export const sourceCoordinatorMachine = machine.createMachine({
  id: 'source-coordinator',
  context: ({ input }) => ({ ...input, waiting: [], served: new Map() }),
  initial: 'starting',
  on: { close: '.closed' },
  states: {
    starting: {
      entry: 'startEnumerator',
      on: {
        started: { target: 'running', actions: 'serveWaiting' },
        splitRequested: { actions: 'wait' },
        failed: 'failed',
      },
    },
    running: {
      on: {
        splitRequested: { actions: 'serve' },
        attemptDiscarded: { actions: 'takeBack' },
        failed: 'failed',
      },
    },
    failed: {
      entry: 'reportFailure',
      on: {
        splitRequested: { actions: 'wait' },
        attemptDiscarded: { target: 'starting', actions: 'forget' },
      },
    },
    closed: { entry: 'closeEnumerator', type: 'final' },
  },
});
