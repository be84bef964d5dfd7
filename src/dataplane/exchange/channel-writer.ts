import { BATCH_RECORDS } from '../../base/limits.ts';
import type { Flow } from '../chain/flow.ts';
import type { TaskCounters } from '../task/task.ts';
import type { ChannelElement, ChannelEvent, OutputChannel } from './channel.ts';

/**
 * What batches begin as: an array of its final length is filled several times faster than one that grows. Of timestamps, too: in an
 * array of doubles each would be unboxed, and boxed anew for the consumer.
 */
const BLANK: readonly undefined[] = Array.from({ length: BATCH_RECORDS }, () => undefined);

/**
 * Batches the records of one channel. What the channel refuses waits here, in order, and blocks the task's flow, so that
 * no more than one record's output gathers.
 */
export class ChannelWriter {
  readonly channel: OutputChannel;
  readonly channelId: string;
  /** Records handed over, ever. */
  records = 0;
  /** Batches of records handed over, ever. */
  batches = 0;
  /** Whether the channel took no more when it was last asked. */
  full = false;
  readonly #flow: Flow;
  readonly #counters: TaskCounters;
  /** The open batch: as long as its last one was, and so many records of it. */
  #values: unknown[] = [];
  #timestamps: number[] = [];
  #count = 0;
  readonly #refused: ChannelElement[] = [];
  /** Something was offered since the last flush. */
  #dirty = false;

  constructor(channel: OutputChannel, flow: Flow, counters: TaskCounters, channelId = '') {
    this.channel = channel;
    this.channelId = channelId;
    this.#flow = flow;
    this.#counters = counters;
  }

  add(value: unknown, timestamp: number): void {
    const index = this.#count;
    this.#values[index] = value;
    this.#timestamps[index] = timestamp;
    this.#count = index + 1;
    if (index + 1 === BATCH_RECORDS) this.#ship();
  }

  event(event: ChannelEvent): void {
    this.#ship();
    this.#hand(event);
  }

  /** Whether records wait for their batch to fill. */
  get open(): boolean {
    return this.#count > 0;
  }

  /** Hands the open batch over and makes everything visible to the consumer. */
  flush(): void {
    this.#ship();
    this.publish();
  }

  /** Makes what was handed over visible to the consumer; the open batch stays. */
  publish(): void {
    if (!this.#dirty && (this.channel.unsent ?? 0) === 0) return;
    this.channel.flush();
    this.#dirty = false;
  }

  /** Tries what was refused again. True when the channel takes more. */
  resume(): boolean {
    if (this.#refused.length === 0 && this.channel.capacity > 0) {
      this.full = false;
      return true;
    }
    this.channel.flush();
    for (let element = this.#refused[0]; element !== undefined; element = this.#refused[0]) {
      if (!this.channel.offer(element)) return false;
      this.#dirty = true;
      this.#refused.shift();
    }
    this.full = this.channel.capacity <= 0;
    return !this.full;
  }

  /** Elements that wait here: refused by the channel, or taken and not sent yet. */
  get queued(): number {
    return this.#refused.length + (this.channel.unsent ?? 0);
  }

  /** Whether the channel has refused what waits here. */
  get refusing(): boolean {
    return this.#refused.length > 0;
  }

  /** Everything written has left this end. */
  get drained(): boolean {
    return this.#count === 0 && this.#refused.length === 0 && (this.channel.unsent ?? 0) === 0;
  }

  #ship(): void {
    const count = this.#count;
    if (count === 0) return;
    this.#counters.numRecordsOut += count;
    this.records += count;
    this.batches += 1;
    const values = this.#values;
    const timestamps = this.#timestamps;
    if (values.length > count) values.length = timestamps.length = count;
    const length = 2 ** Math.ceil(Math.log2(count));
    this.#values = BLANK.slice(0, length);
    this.#timestamps = BLANK.slice(0, length) as unknown[] as number[];
    this.#count = 0;
    this.#hand({ kind: 'records', values, timestamps });
  }

  #hand(element: ChannelElement): void {
    if (this.#refused.length === 0 && this.channel.offer(element)) {
      this.#dirty = true;
      this.full = this.channel.capacity <= 0;
      if (this.full) this.#flow.block();
      return;
    }
    this.full = true;
    this.#flow.block();
    const last = this.#refused.length - 1;
    // A later watermark says all that an earlier one did.
    if (element.kind === 'watermark' && this.#refused[last]?.kind === 'watermark')
      this.#refused[last] = element;
    else this.#refused.push(element);
  }
}
