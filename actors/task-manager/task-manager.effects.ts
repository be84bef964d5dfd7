import { createActor } from 'xstate';
import type { Actor } from 'xstate';
import { assert } from '../../src/base/assert.ts';
import { ExternalError, serializeError } from '../../src/base/errors.ts';
import type { Epoch } from '../../src/base/ids.ts';
import { jobManagerReply } from '../../src/protocol/job-manager.ts';
import { resourceManagerReply } from '../../src/protocol/resource-manager.ts';
import type { SlotStatus } from '../../src/protocol/resource-manager.ts';
import { slotRequest } from '../../src/protocol/slot.ts';
import { taskManagerRequest } from '../../src/protocol/task-manager.ts';
import { BRIEF, PERSISTENT, ask } from '../messaging/ask.ts';
import type { ActorEnvironment } from '../messaging/environment.ts';
import { every } from '../messaging/every.ts';
import { reply, serve, tell } from '../messaging/serve.ts';
import { supervise } from '../messaging/supervise.ts';
import { xstateClock } from '../messaging/xstate-clock.ts';
import type { SharedMemory } from './memory-readers.ts';
import { provideSlot } from './slot/slot.effects.ts';
import type { StartSlotThread } from './slot/slot-thread.ts';
import { TaskManagerMetrics } from './task-manager-metrics.ts';
import { slotActorId, slotsOfJob, taskManagerMachine } from './task-manager.machine.ts';
import type { TaskManagerContext, TaskManagerEvent, TaskManagerInput } from './task-manager.machine.ts';

export interface TaskManagerOptions extends TaskManagerInput {
  readonly heartbeatIntervalMs: number;
  /** How often metrics go to the JobManager, ms; 0: never. */
  readonly metricReportIntervalMs: number;
  readonly startThread: StartSlotThread;
  /** What its tasks share, for its metrics. */
  readonly memory?: SharedMemory | undefined;
}

type Send = (event: TaskManagerEvent) => void;

/** A running TaskManager. */
export interface TaskManagerHandle {
  readonly actor: Actor<typeof taskManagerMachine>;
  /** Frees the slots, says goodbye, stops. */
  stop(): Promise<void>;
  /** Ends at once, as a crash would: for tests. */
  kill(): void;
}

/** Starts a TaskManager on its subjects. */
export function startTaskManager(
  environment: ActorEnvironment,
  options: TaskManagerOptions,
): TaskManagerHandle {
  const { clock, subjects } = environment;
  const { startThread, heartbeatIntervalMs, metricReportIntervalMs, memory: _memory, ...input } = options;
  const metrics = new TaskManagerMetrics(environment, options);
  const actor = createActor(provideTaskManager(environment, options, startThread, metrics), {
    input,
    clock: xstateClock(clock),
  });
  const subscriptions = [
    serve(environment, subjects.taskManager(options.taskManagerId), taskManagerRequest, (request, caller) =>
      actor.send({ type: 'requested', request, caller, at: clock.monotonic() }),
    ),
    ...Array.from({ length: options.slots }, (_, slot) =>
      serve(environment, subjects.slot(options.taskManagerId, slot), slotRequest, (request, caller) => {
        actor.getSnapshot().children[slotActorId(slot)]?.send({ type: 'slotRequested', request, caller });
      }),
    ),
  ];
  supervise(environment, actor, `task-manager ${options.taskManagerId}`);
  actor.start();
  const stopTicking = every(clock, heartbeatIntervalMs, () =>
    actor.send({ type: 'ticked', at: clock.monotonic() }),
  );
  const stopMetrics = metrics.start(metricReportIntervalMs, () => actor.getSnapshot().context.epoch);
  const close = (): void => {
    stopTicking();
    stopMetrics();
    for (const subscription of subscriptions) subscription.close();
  };
  return {
    actor,
    stop: () =>
      new Promise((resolve) => {
        actor.subscribe({
          complete: () => {
            close();
            resolve();
          },
        });
        actor.send({ type: 'stop' });
      }),
    kill: () => {
      close();
      actor.stop();
    },
  };
}

function provideTaskManager(
  environment: ActorEnvironment,
  options: TaskManagerOptions,
  startThread: StartSlotThread,
  metrics: TaskManagerMetrics,
): typeof taskManagerMachine {
  return taskManagerMachine.provide({
    actors: { slot: provideSlot(environment, options, startThread, metrics) },
    actions: {
      register: ({ context, self }) => void register(environment, context, (event) => self.send(event)),
      report: ({ context, self }) => void report(environment, context, (event) => self.send(event)),
      unregister: ({ context }) => {
        const { taskManagerId } = context;
        tell(environment, environment.subjects.resourceManager(), {
          type: 'unregisterTaskManager',
          taskManagerId,
          reason: 'the TaskManager shuts down',
        });
      },
      offerSlot: ({ context, self }, { slot }) =>
        void offer(environment, context, slot, (event) => self.send(event)),
      tellJobOfLoss: ({ context, event }) => {
        assert(
          event.type === 'slotThreadLost' && context.epoch !== undefined,
          'a registered TaskManager lost a thread',
        );
        const { jobId, allocationId, error } = event;
        const message = {
          type: 'slotsLost' as const,
          epoch: context.epoch,
          taskManagerId: context.taskManagerId,
          allocationIds: [allocationId],
          error,
        };
        ask(environment, environment.subjects.jobManager(jobId), message, jobManagerReply, PERSISTENT).catch(
          (failure: unknown) =>
            environment.logger.warn('job-manager not told of a lost slot', { jobId, error: failure }),
        );
      },
      ...taskManagerReplies(environment),
    },
  });
}

type ReplyArgs = { readonly context: TaskManagerContext; readonly event: TaskManagerEvent };

/** Answers to the requests that a TaskManager gets. */
function taskManagerReplies(
  environment: ActorEnvironment,
): Record<
  | 'replyFenced'
  | 'replySlotAllocated'
  | 'refuseAllocation'
  | 'replySlotFreed'
  | 'replyHeartbeat'
  | 'replyPresent',
  (args: ReplyArgs) => void
> {
  return {
    replyFenced: ({ context, event }) => {
      if (event.type !== 'requested') return;
      environment.refusals.stale++;
      if (context.epoch === undefined) return;
      reply(environment, event.caller, { type: 'fenced', epoch: context.epoch });
    },
    replySlotAllocated: ({ event }) => {
      if (event.type !== 'requested' || event.request.type !== 'allocateSlot') return;
      const { allocationId } = event.request;
      reply(environment, event.caller, { type: 'slotAllocated', allocationId });
    },
    refuseAllocation: ({ context, event }) => {
      if (event.type !== 'requested' || event.request.type !== 'allocateSlot') return;
      const error = new ExternalError(`slot ${event.request.slot} of ${context.taskManagerId} is not free`, {
        retryable: false,
      });
      reply(environment, event.caller, { type: 'refused', error: serializeError(error) });
    },
    replySlotFreed: ({ event }) => {
      if (event.type !== 'requested' || event.request.type !== 'freeSlot') return;
      const { allocationId } = event.request;
      reply(environment, event.caller, { type: 'slotFreed', allocationId });
    },
    replyHeartbeat: ({ context, event }) => {
      if (event.type !== 'requested' || event.request.type !== 'jobManagerHeartbeat') return;
      const slots = slotsOfJob(context, event.request.jobId);
      reply(environment, event.caller, { type: 'jobManagerHeartbeatReply', slots });
    },
    replyPresent: ({ event }) => {
      if (event.type === 'requested') reply(environment, event.caller, { type: 'taskManagerPresent' });
    },
  };
}

async function register(
  environment: ActorEnvironment,
  context: TaskManagerContext,
  send: Send,
): Promise<void> {
  const { taskManagerId, processId, host, hardware, table } = context;
  const message = {
    type: 'registerTaskManager' as const,
    taskManagerId,
    processId,
    host,
    ...(hardware === undefined ? {} : { hardware }),
    slots: table,
  };
  try {
    const answer = await ask(
      environment,
      environment.subjects.resourceManager(),
      message,
      resourceManagerReply,
      {
        ...BRIEF,
        attempts: 1,
      },
    );
    if (answer.type === 'taskManagerRegistered') {
      send({ type: 'registered', epoch: answer.epoch, at: environment.clock.monotonic() });
      return;
    }
    environment.logger.warn('registration answered unexpectedly', { type: answer.type });
  } catch (error) {
    environment.logger.debug('resource-manager not reached, registering again', { error });
  }
  send({ type: 'registrationFailed' });
}

async function report(environment: ActorEnvironment, context: TaskManagerContext, send: Send): Promise<void> {
  if (context.epoch === undefined) return;
  const message = {
    type: 'slotReport' as const,
    taskManagerId: context.taskManagerId,
    epoch: context.epoch,
    slots: context.table,
  };
  try {
    const answer = await ask(
      environment,
      environment.subjects.resourceManager(),
      message,
      resourceManagerReply,
      {
        ...BRIEF,
        attempts: 1,
      },
    );
    if (answer.type === 'slotReportAccepted') {
      send({ type: 'reportAccepted', at: environment.clock.monotonic() });
    } else {
      send({ type: 'leaderLost' });
    }
  } catch (error) {
    // Silence is judged by its length, at the next ticks.
    environment.logger.debug('slot report not answered', { error });
  }
}

async function offer(
  environment: ActorEnvironment,
  context: TaskManagerContext,
  slot: SlotStatus,
  send: Send,
): Promise<void> {
  const { taskManagerId, processId, epoch } = context;
  const { jobId, allocationId } = slot;
  assert(jobId !== undefined && allocationId !== undefined, 'an allocated slot has an owner');
  const message = {
    type: 'offerSlots' as const,
    epoch: epoch as Epoch,
    taskManagerId,
    processId,
    slots: [{ slot: slot.slot, allocationId }],
  };
  let accepted = false;
  try {
    const policy = { ...BRIEF, attempts: 10 };
    const answer = await ask(
      environment,
      environment.subjects.jobManager(jobId),
      message,
      jobManagerReply,
      policy,
    );
    accepted = answer.type === 'slotsAccepted' && answer.accepted.includes(allocationId);
  } catch (error) {
    environment.logger.warn('slot offer not answered', { jobId, slot: slot.slot, error });
  }
  send({ type: 'offerAnswered', jobId, allocationId, accepted });
}
