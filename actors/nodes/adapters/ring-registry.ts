import type { TaskManagerId } from '../../../src/base/ids.ts';
import { ringBytes } from '../../../src/dataplane/exchange/exchange-settings.ts';
import { createDoorbell, createRing } from '../../../src/dataplane/exchange/index.ts';
import type { ChannelEnd } from '../../../src/dataplane/exchange/channel.ts';
import type { SubmitTasks } from '../../../src/protocol/slot.ts';
import { channelsOf } from '../../task-manager/slot/describe-task.ts';
import type { Place } from '../../task-manager/slot/describe-task.ts';
import { jobExchange } from '../../task-manager/slot/task-manager-resources.ts';
import type { TaskManagerResources } from '../../task-manager/slot/task-manager-resources.ts';
import type { RingHandle } from './slot-thread-protocol.ts';

/**
 * Shared memory of one process: the doorbell of each slot, and the rings of channels between its slots. A ring waits
 * here until both ends have fetched it; the threads then own it.
 */
export class RingRegistry {
  readonly #resources: TaskManagerResources;
  readonly #doorbells = new Map<string, SharedArrayBuffer>();
  readonly #rings = new Map<string, { readonly ring: SharedArrayBuffer; readonly fetchedBy: Set<string> }>();

  constructor(resources: TaskManagerResources) {
    this.#resources = resources;
  }

  /** The doorbell of a slot; the same one as long as the process lives. */
  doorbell(taskManagerId: TaskManagerId, slot: number): SharedArrayBuffer {
    const key = slotKey(taskManagerId, slot);
    let doorbell = this.#doorbells.get(key);
    if (doorbell === undefined) {
      doorbell = createDoorbell();
      this.#doorbells.set(key, doorbell);
    }
    return doorbell;
  }

  /** Rings of all channels of these deployments that lead to other slots of this process. */
  ringsFor(request: SubmitTasks, here: Place): RingHandle[] {
    const handles: RingHandle[] = [];
    const own = slotKey(here.taskManagerId, here.slot);
    const exchange = jobExchange(this.#resources, request.job);
    for (const task of request.tasks) {
      const inputs = channelsOf(request, task, task.inputs, 'consumer', here);
      const outputs = channelsOf(request, task, task.outputs, 'producer', here);
      const sides = [
        ...inputs.map((channel) => [channel, channel.producer] as const),
        ...outputs.map((channel) => [channel, channel.consumer] as const),
      ];
      for (const [channel, peer] of sides) {
        if (channel.carrier !== 'process') continue;
        const key = `${request.job.jobId}/${request.epoch}/${task.attempt}/${channel.channelId}`;
        handles.push({
          channelId: channel.channelId,
          // Channels share a budget: a task with very many gets smaller rings.
          ring: this.#fetch(key, own, ringBytes(exchange, inputs.length + outputs.length)),
          peerDoorbell: this.#doorbellOf(peer),
        });
      }
    }
    return handles;
  }

  /** Forgets rings of a slot whose thread has ended: their other ends belong to attempts that fail as well. */
  release(here: Place): void {
    const own = slotKey(here.taskManagerId, here.slot);
    for (const [key, { fetchedBy }] of this.#rings) if (fetchedBy.has(own)) this.#rings.delete(key);
  }

  #doorbellOf(end: ChannelEnd): SharedArrayBuffer {
    return this.doorbell(end.taskManagerId, end.slot);
  }

  #fetch(key: string, by: string, bytes: number): SharedArrayBuffer {
    let entry = this.#rings.get(key);
    if (entry === undefined) {
      entry = { ring: createRing(bytes), fetchedBy: new Set() };
      this.#rings.set(key, entry);
    }
    entry.fetchedBy.add(by);
    if (entry.fetchedBy.size === 2) this.#rings.delete(key);
    return entry.ring;
  }
}

function slotKey(taskManagerId: TaskManagerId, slot: number): string {
  return `${taskManagerId}/${slot}`;
}
