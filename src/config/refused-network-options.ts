import { refusedOption } from './option.ts';

const NO_BLOCKING_SHUFFLE =
  'there is no blocking shuffle, batch jobs exchange records through the same pipelined channels';
const NO_POOL =
  'channels have no common pool of buffers; bound each by taskmanager.network.memory.max-buffers-per-channel';
const NO_DEBLOATING =
  'the data in flight is not adapted to the consumer; bound it by taskmanager.network.memory.max-buffers-per-channel';
const NO_BACKOFF =
  'a consumer offers credit every 250 ms from its start until its producer is there, so nothing is requested again';
const NO_PORT = 'TaskManagers exchange records over NATS and listen on no port of their own; set --nats';

/** Keys of Flink's exchange that mean nothing here, and why. */
export const REFUSED_NETWORK_OPTIONS = {
  floatingBuffers: refusedOption('taskmanager.network.memory.floating-buffers-per-gate', { reason: NO_POOL }),
  overdraftBuffers: refusedOption('taskmanager.network.memory.max-overdraft-buffers-per-gate', {
    reason: 'a task never takes more than its channels hold, beside the output of the one record in work',
    harmless: ['0'],
  }),
  debloatEnabled: refusedOption('taskmanager.network.memory.buffer-debloat.enabled', {
    reason: NO_DEBLOATING,
    harmless: ['false'],
  }),
  debloatTarget: refusedOption('taskmanager.network.memory.buffer-debloat.target', { reason: NO_DEBLOATING }),
  debloatPeriod: refusedOption('taskmanager.network.memory.buffer-debloat.period', { reason: NO_DEBLOATING }),
  debloatThreshold: refusedOption('taskmanager.network.memory.buffer-debloat.threshold-percentages', {
    reason: NO_DEBLOATING,
  }),
  debloatSamples: refusedOption('taskmanager.network.memory.buffer-debloat.samples', {
    reason: NO_DEBLOATING,
  }),
  requestBackoffInitial: refusedOption('taskmanager.network.request-backoff.initial', { reason: NO_BACKOFF }),
  requestBackoffMax: refusedOption('taskmanager.network.request-backoff.max', { reason: NO_BACKOFF }),
  partitionRequestTimeout: refusedOption('taskmanager.network.partition-request-timeout', {
    reason:
      'a consumer waits for its producer as long as the JobManager knows that it starts; a lost TaskManager shows by heartbeat.timeout',
  }),
  socketBuffers: refusedOption('taskmanager.network.netty.sendReceiveBufferSize', {
    reason: "Node cannot set a socket's buffers; set net.ipv4.tcp_wmem and tcp_rmem of the machine",
    harmless: ['0'],
    aliases: [
      'taskmanager.network.socket.send-buffer-size',
      'taskmanager.network.socket.receive-buffer-size',
    ],
  }),
  adaptivePartitioner: refusedOption('taskmanager.network.adaptive-partitioner.enabled', {
    reason: 'rebalance and rescale deal records round and do not look at the load of channels',
    harmless: ['false'],
  }),
  sortShuffleBuffers: refusedOption('taskmanager.network.sort-shuffle.min-buffers', {
    reason: NO_BLOCKING_SHUFFLE,
  }),
  batchShuffleCompression: refusedOption('taskmanager.network.batch-shuffle.compression.enabled', {
    reason: `${NO_BLOCKING_SHUFFLE}; compress by taskmanager.network.compression.codec`,
    harmless: ['false'],
    aliases: ['taskmanager.network.blocking-shuffle.compression.enabled'],
  }),
  dataPort: refusedOption('taskmanager.data.port', { reason: NO_PORT, harmless: ['0'] }),
  dataBindPort: refusedOption('taskmanager.data.bind-port', { reason: NO_PORT, harmless: ['0'] }),
} as const;
