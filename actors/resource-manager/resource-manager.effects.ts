import { createActor } from 'xstate';
import type { Actor } from 'xstate';
import type { Epoch, TaskManagerId } from '../../src/base/ids.ts';
import { countSlots } from '../../src/control/slot-manager.ts';
import type { SlotGrant, SlotPlacement } from '../../src/control/slot-manager.ts';
import type { AllocationId } from '../../src/base/ids.ts';
import { resourceManagerRequest } from '../../src/protocol/resource-manager.ts';
import { taskManagerReply } from '../../src/protocol/task-manager.ts';
import { jobManagerReply } from '../../src/protocol/job-manager.ts';
import { NoRespondersError } from '../../src/transport/errors.ts';
import { announce } from '../messaging/announce.ts';
import { BRIEF, ask } from '../messaging/ask.ts';
import type { ActorEnvironment } from '../messaging/environment.ts';
import { every } from '../messaging/every.ts';
import { reply, serve } from '../messaging/serve.ts';
import { supervise } from '../messaging/supervise.ts';
import { sendIfActive } from '../messaging/send-if-active.ts';
import { xstateClock } from '../messaging/xstate-clock.ts';
import { resourceManagerMachine } from './resource-manager.machine.ts';
import type { ResourceManagerEvent } from './resource-manager.machine.ts';

export interface ResourceManagerOptions {
  readonly epoch: Epoch;
  readonly placement: SlotPlacement;
  readonly heartbeatIntervalMs: number;
  readonly heartbeatTimeoutMs: number;
}

export interface ResourceManagerHandle {
  readonly actor: Actor<typeof resourceManagerMachine>;
  stop(): void;
}

/** Starts the resource-manager of a leader's epoch on its subject. */
export function startResourceManager(
  environment: ActorEnvironment,
  options: ResourceManagerOptions,
): ResourceManagerHandle {
  const { clock, random, subjects } = environment;
  const { epoch, placement, heartbeatTimeoutMs, heartbeatIntervalMs } = options;
  const newAllocationId = (): AllocationId => random.hex(16) as AllocationId;
  const actor = createActor(provide(environment), {
    input: { epoch, placement, heartbeatTimeoutMs, newAllocationId },
    clock: xstateClock(clock),
  });
  const subscription = serve(
    environment,
    subjects.resourceManager(),
    resourceManagerRequest,
    (request, caller) => actor.send({ type: 'requested', request, caller, at: clock.monotonic() }),
  );
  supervise(environment, actor, 'resource-manager');
  actor.start();
  const stopTicking = every(clock, heartbeatIntervalMs, () =>
    actor.send({ type: 'ticked', at: clock.monotonic() }),
  );
  return {
    actor,
    stop: () => {
      stopTicking();
      subscription.close();
      actor.stop();
    },
  };
}

function provide(environment: ActorEnvironment): typeof resourceManagerMachine {
  const { clock, logger, refusals } = environment;
  return resourceManagerMachine.provide({
    actions: {
      replyRegistered: ({ context, event }) =>
        answer(environment, event, { type: 'taskManagerRegistered', epoch: context.epoch }),
      replyReportAccepted: ({ context, event }) =>
        answer(environment, event, { type: 'slotReportAccepted', epoch: context.epoch }),
      replyUnregistered: ({ event }) => answer(environment, event, { type: 'taskManagerUnregistered' }),
      replyRequiredAccepted: ({ context, event }) => {
        const { total, available } = countSlots(context.slots);
        answer(environment, event, {
          type: 'requiredSlotsAccepted',
          slotsTotal: total,
          slotsAvailable: available,
        });
      },
      replyFenced: ({ context, event }) => {
        refusals.stale++;
        answer(environment, event, { type: 'fenced', epoch: context.epoch });
      },
      replyUnreachableNoted: ({ event }) => answer(environment, event, { type: 'unreachableNoted' }),
      probe: ({ context, self }, { taskManagerId }) =>
        void probe(environment, context.epoch, taskManagerId, (event) => sendIfActive(self, event)),
      askForSlot: ({ context, self }, { grant }) =>
        void askForSlot(environment, context.epoch, grant, (event) => sendIfActive(self, event)),
      announce: (_, { taskManagerId, to, slots }) => {
        logger.info(`TaskManager ${to.toLowerCase()}`, { taskManagerId, slots });
        announce(environment, { type: 'taskManagerStateChanged', at: clock.now(), taskManagerId, to, slots });
      },
      tellJobs: ({ context }, { taskManagerId, jobs, reason }) => {
        for (const jobId of jobs) {
          const message = { type: 'taskManagerLost' as const, epoch: context.epoch, taskManagerId, reason };
          ask(environment, environment.subjects.jobManager(jobId), message, jobManagerReply, BRIEF).catch(
            (error: unknown) =>
              logger.warn('job-manager not told of a lost TaskManager', { jobId, taskManagerId, error }),
          );
        }
      },
    },
  });
}

function answer(
  environment: ActorEnvironment,
  event: ResourceManagerEvent,
  message: { readonly type: string; readonly [field: string]: unknown },
): void {
  if (event.type === 'requested') reply(environment, event.caller, message);
}

async function askForSlot(
  environment: ActorEnvironment,
  epoch: Epoch,
  grant: SlotGrant,
  send: (event: ResourceManagerEvent) => void,
): Promise<void> {
  const { taskManagerId, ...slot } = grant;
  try {
    const subject = environment.subjects.taskManager(taskManagerId);
    const message = { type: 'allocateSlot' as const, epoch, ...slot };
    const settled = await ask(environment, subject, message, taskManagerReply, BRIEF);
    send({
      type: 'grantSettled',
      grant,
      outcome: settled.type === 'slotAllocated' ? 'allocated' : 'refused',
    });
  } catch (error) {
    environment.logger.warn('slot not granted', { taskManagerId, slot: grant.slot, error });
    if (error instanceof NoRespondersError) unreachable(taskManagerId, send);
    send({ type: 'grantSettled', grant, outcome: 'refused' });
  }
}

/** Any answer will do, also none in time: only that nobody listens there is a proof. */
async function probe(
  environment: ActorEnvironment,
  epoch: Epoch,
  taskManagerId: TaskManagerId,
  send: (event: ResourceManagerEvent) => void,
): Promise<void> {
  try {
    const subject = environment.subjects.taskManager(taskManagerId);
    await ask(environment, subject, { type: 'probeTaskManager', epoch }, taskManagerReply, BRIEF);
  } catch (error) {
    if (error instanceof NoRespondersError) unreachable(taskManagerId, send);
    else environment.logger.debug('TaskManager not probed', { taskManagerId, error });
  }
}

function unreachable(taskManagerId: TaskManagerId, send: (event: ResourceManagerEvent) => void): void {
  send({ type: 'taskManagerUnreachable', taskManagerId });
}
