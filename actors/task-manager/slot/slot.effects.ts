import { assert } from '../../../src/base/assert.ts';
import { ExternalError, serializeError } from '../../../src/base/errors.ts';
import type { TaskManagerId } from '../../../src/base/ids.ts';
import type { ActorEnvironment } from '../../messaging/environment.ts';
import { reply } from '../../messaging/serve.ts';
import type { TaskManagerMetrics } from '../task-manager-metrics.ts';
import { slotMachine } from './slot.machine.ts';
import type { SlotThread, StartSlotThread } from './slot-thread.ts';

/** The slot machine with its thread. */
export function provideSlot(
  environment: ActorEnvironment,
  owner: { readonly taskManagerId: TaskManagerId; readonly processId: string },
  startThread: StartSlotThread,
  metrics: TaskManagerMetrics,
): typeof slotMachine {
  const threads = new Map<number, SlotThread>();
  return slotMachine.provide({
    actions: {
      startThread: ({ context, self }) => {
        assert(!threads.has(context.slot), `slot ${context.slot} has no thread yet`);
        const { slot } = context;
        threads.set(
          slot,
          startThread({
            ...owner,
            slot,
            onExit: (error) => self.send({ type: 'threadExited', error }),
            onMetrics: (groups, memory) => {
              if (threads.has(slot)) metrics.slotMeasured(slot, groups, memory);
            },
          }),
        );
      },
      performRequest: ({ context, event }) => {
        assert(event.type === 'slotRequested', 'only requests are performed');
        const thread = threads.get(context.slot);
        assert(thread !== undefined, `slot ${context.slot} has a thread`);
        const { request, caller } = event;
        const { allocationId } = request;
        switch (request.type) {
          case 'submitTasks':
            thread.deploy(request);
            return reply(environment, caller, { type: 'tasksAccepted', allocationId });
          case 'cancelTasks':
            thread.cancel(request);
            return reply(environment, caller, { type: 'cancelAccepted', allocationId });
        }
      },
      refuseRequest: ({ context, event }) => {
        assert(event.type === 'slotRequested', 'only requests are refused');
        environment.refusals.stale++;
        const error = new ExternalError(
          `slot ${context.slot} of TaskManager ${owner.taskManagerId} does not hold allocation ${event.request.allocationId}`,
          { retryable: false },
        );
        reply(environment, event.caller, { type: 'refused', error: serializeError(error) });
      },
      terminateThread: ({ context, self }) => {
        const thread = threads.get(context.slot);
        threads.delete(context.slot);
        metrics.slotGone(context.slot);
        const ended = thread?.terminate() ?? Promise.resolve();
        ended
          .catch((error: unknown) => environment.logger.error('slot thread did not end cleanly', { error }))
          .finally(() => self.send({ type: 'threadTerminated' }));
      },
    },
  });
}
