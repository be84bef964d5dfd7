import {
  FRAME_BYTES_MAX,
  FRAME_BYTES_MIN,
  MAX_FRAME_BYTES,
  NETWORK_CHANNEL_FRAMES_MIN,
  NATS_CONNECT_TRIES,
} from '../base/limits.ts';
import { enumOption, intOption, memoryOption, numberOption, optionalIntOption } from './option.ts';

/** Options of the exchange between tasks. */
export const NETWORK_OPTIONS = {
  networkCompression: enumOption('taskmanager.network.compression.codec', {
    defaultValue: 'none',
    words: { none: 'none', lz4: 'lz4', zstd: 'zstd', snappy: 'snappy' },
    refused: {
      lzo: 'there is no maintained LZO library for Node; use LZ4, which is as fast, or ZSTD, which is smaller',
    },
    description:
      "Compresses frames on their way between processes, where that makes them smaller. NONE by default: Flink's LZ4 is for blocking shuffles of batch jobs, pipelined exchanges are not compressed there either. Channels within a process pass shared memory and are never compressed: there is nothing to gain. Unlike Flink, SNAPPY is there too.",
    aliases: ['taskmanager.network.shuffle.compression.codec'],
  }),
  segmentSize: memoryOption('taskmanager.memory.segment-size', {
    defaultValue: MAX_FRAME_BYTES,
    min: FRAME_BYTES_MIN,
    max: FRAME_BYTES_MAX,
    description:
      'Largest frame that a producer makes, on the network and in shared memory; larger records are cut into several. Flink has 32 kb: frames here cost more each, and are not reserved beforehand. 1 mb, what a NATS server takes, at most.',
  }),
  maxBuffersPerChannel: optionalIntOption('taskmanager.network.memory.max-buffers-per-channel', {
    defaultValue: undefined,
    description:
      'Frames that may be in flight on a channel: the credits of a network channel, the size of a ring (times the segment size), the batches of a channel within a slot. Unset: 32 frames, 1 mb, 16 batches.',
    aliases: ['taskmanager.network.memory.buffers.per-channel.max'],
  }),
  buffersPerChannel: optionalIntOption('taskmanager.network.memory.buffers-per-channel', {
    defaultValue: undefined,
    description: `Frames that each channel may have in flight however many there are; max-buffers-per-channel at most. Unset: ${NETWORK_CHANNEL_FRAMES_MIN} frames, or 64 kb of a ring.`,
    aliases: ['taskmanager.network.memory.buffers.per-channel.min'],
  }),
  networkFraction: numberOption('taskmanager.memory.network.fraction', {
    defaultValue: 0.1,
    description:
      'Share of taskmanager.memory.flink.size (set or derived) that frames in flight may take; slots get equal parts, half for the network, half for shared memory. A bound, nothing is reserved.',
    aliases: ['taskmanager.network.memory.fraction'],
  }),
  networkMin: memoryOption('taskmanager.memory.network.min', {
    defaultValue: 64 * 1024 * 1024,
    description: 'Least that the fraction stands for.',
    aliases: ['taskmanager.network.memory.min'],
  }),
  networkMax: memoryOption('taskmanager.memory.network.max', {
    defaultValue: Number.POSITIVE_INFINITY,
    description: 'Most that the fraction stands for, also where the least is above it.',
    aliases: ['taskmanager.network.memory.max'],
  }),
  networkRetries: intOption('taskmanager.network.retries', {
    defaultValue: NATS_CONNECT_TRIES - 1,
    description: 'Further tries of a slot to open its data connection.',
  }),
} as const;
