import { ExternalError, serializeError } from '../../src/base/errors.ts';
import type { AllocationId, TaskManagerId } from '../../src/base/ids.ts';
import type { HeldSlot } from '../../src/control/scheduler/state.ts';
import { resourceManagerReply } from '../../src/protocol/resource-manager.ts';
import type { SlotStatus } from '../../src/protocol/resource-manager.ts';
import { taskManagerReply } from '../../src/protocol/task-manager.ts';
import { NoRespondersError } from '../../src/transport/errors.ts';
import { BRIEF, ask } from '../messaging/ask.ts';
import type { Performer } from './performer.ts';
import { freeSlot } from './slot-orders.ts';

/** `heartbeat.*` */
export interface HeartbeatSettings {
  readonly intervalMs: number;
  readonly timeoutMs: number;
  /** `heartbeat.rpc-failure-threshold`: unanswerable tries in a row after which a TaskManager is lost. */
  readonly rpcFailureThreshold: number;
}

/**
 * Heartbeats from a job-manager to the TaskManagers that hold its slots, as request and reply, so that one who hears but
 * is not heard counts as dead. A reply without a slot that we hold means that the slot is gone; one with a slot that we
 * do not know, twice, that our message to free it was lost.
 */
export class Heartbeats {
  readonly #performer: Performer;
  readonly #settings: HeartbeatSettings;
  /** Slots that TaskManagers hold for us but we do not know, as of the last heartbeat. */
  readonly #strangers = new Set<AllocationId>();
  readonly #peers = new Map<TaskManagerId, { heardAt: number; unreachable: number }>();

  constructor(performer: Performer, settings: HeartbeatSettings) {
    this.#performer = performer;
    this.#settings = settings;
  }

  /** Called each `intervalMs`. */
  tick(): void {
    const { scheduler } = this.#performer.context();
    const bySlotOwner = Map.groupBy(scheduler.slots.values(), (slot) => slot.taskManagerId);
    for (const known of this.#peers.keys()) if (!bySlotOwner.has(known)) this.#peers.delete(known);
    for (const [taskManagerId, slots] of bySlotOwner) void this.#beat(taskManagerId, slots);
  }

  async #beat(taskManagerId: TaskManagerId, slots: readonly HeldSlot[]): Promise<void> {
    const { environment } = this.#performer;
    const now = environment.clock.monotonic();
    const peer = this.#peers.get(taskManagerId) ?? { heardAt: now, unreachable: 0 };
    this.#peers.set(taskManagerId, peer);
    if (now - peer.heardAt > this.#settings.timeoutMs)
      return this.#lose(taskManagerId, `no heartbeat for ${Math.round(now - peer.heardAt)} ms`);
    // Whether or not the one before is answered: one that was lost must not stand for a lost TaskManager.
    const { jobId, epoch } = this.#performer.context();
    const message = { type: 'jobManagerHeartbeat' as const, epoch, jobId };
    const policy = { timeoutMs: this.#settings.timeoutMs, attempts: 1, pauseMs: 0, maxPauseMs: 0 };
    try {
      const subject = environment.subjects.taskManager(taskManagerId);
      const answer = await ask(environment, subject, message, taskManagerReply, policy);
      peer.heardAt = environment.clock.monotonic();
      peer.unreachable = 0;
      if (answer.type === 'jobManagerHeartbeatReply') this.#compare(taskManagerId, slots, answer.slots);
      else if (answer.type === 'fenced') this.#lose(taskManagerId, 'it follows another leader');
    } catch (error) {
      if (!(error instanceof NoRespondersError)) return;
      peer.unreachable++;
      if (peer.unreachable < this.#settings.rpcFailureThreshold) return;
      this.#lose(taskManagerId, 'nobody answers at its address');
      await this.#report(taskManagerId);
    }
  }

  /** The resource-manager takes the slots for ours until it knows. */
  async #report(taskManagerId: TaskManagerId): Promise<void> {
    const { environment } = this.#performer;
    const { epoch } = this.#performer.context();
    const message = { type: 'reportUnreachable' as const, epoch, taskManagerId };
    try {
      await ask(environment, environment.subjects.resourceManager(), message, resourceManagerReply, BRIEF);
    } catch (error) {
      environment.logger.debug('resource-manager not told who is unreachable', { taskManagerId, error });
    }
  }

  #compare(taskManagerId: TaskManagerId, held: readonly HeldSlot[], reported: readonly SlotStatus[]): void {
    const present = this.#performer.context().scheduler.slots;
    const known = new Set(reported.map((slot) => slot.allocationId));
    const gone = held.filter((slot) => present.has(slot.allocationId) && !known.has(slot.allocationId));
    if (gone.length > 0) {
      const allocations = gone.map((slot) => slot.allocationId);
      const error = serializeError(
        new ExternalError(`TaskManager ${taskManagerId} does not hold our slots any more`),
      );
      this.#performer.send({ type: 'slotsGone', allocations, error, moment: this.#performer.moment() });
    }
    for (const { slot, state, allocationId } of reported) {
      if (allocationId === undefined || state === 'releasing') continue;
      if (present.has(allocationId)) this.#strangers.delete(allocationId);
      else if (this.#strangers.delete(allocationId))
        void freeSlot(
          this.#performer,
          { taskManagerId, slot, allocationId },
          'the job does not know this slot',
        );
      // An offer may be under way: the next heartbeat decides.
      else this.#strangers.add(allocationId);
    }
  }

  #lose(taskManagerId: TaskManagerId, reason: string): void {
    this.#peers.delete(taskManagerId);
    const error = serializeError(new ExternalError(`TaskManager ${taskManagerId} is lost: ${reason}`));
    this.#performer.send({
      type: 'taskManagerSilent',
      taskManagerId,
      error,
      moment: this.#performer.moment(),
    });
  }
}
