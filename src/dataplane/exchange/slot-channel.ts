import { SLOT_CHANNEL_BATCHES } from '../../base/limits.ts';
import type { ChannelElement, InputChannel, OutputChannel } from './channel.ts';

export interface SlotChannelOptions {
  /** Elements that may wait; default SLOT_CHANNEL_BATCHES. */
  readonly bound?: number;
  /** The consumer may have work. */
  readonly wakeConsumer: () => void;
  /** The producer may go on. */
  readonly wakeProducer: () => void;
}

/** Both ends of a channel within one slot: elements pass by reference through a bounded queue. */
export function createSlotChannel(options: SlotChannelOptions): {
  output: OutputChannel;
  input: InputChannel;
} {
  const bound = options.bound ?? SLOT_CHANNEL_BATCHES;
  const queue: ChannelElement[] = [];
  let refused = false;
  /** Whether the consumer was not told yet. A flush without news must wake nobody: a blocked producer flushes at each step. */
  let news = false;
  const output: OutputChannel = {
    offer(element) {
      if (queue.length >= bound) {
        refused = true;
        return false;
      }
      queue.push(element);
      news = true;
      return true;
    },
    flush: () => {
      if (!news) return;
      news = false;
      options.wakeConsumer();
    },
    get capacity() {
      if (queue.length >= bound) refused = true;
      return bound - queue.length;
    },
    close: () => {},
  };
  const input: InputChannel = {
    poll() {
      const element = queue.shift();
      if (element !== undefined && refused) {
        refused = false;
        options.wakeProducer();
      }
      return element;
    },
    waiting: () => ({ length: queue.length, bytes: 0, usage: queue.length / bound }),
    close: () => {
      queue.length = 0;
    },
  };
  return { output, input };
}
