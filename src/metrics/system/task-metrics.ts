import { counter, gauge, histogram, rateOf, timeShare } from './definition.ts';

/** Of each channel of a subtask, with `taskmanager.network.detailed-metrics`: in a group `channel`, named by its id. */
export const CHANNEL_METRICS = {
  'Input.numRecords': counter('records', 'Records received through the channel.'),
  'Input.numBuffers': counter('batches', 'Batches received through the channel.'),
  'Input.numBytes': counter('bytes', 'Bytes received through the channel, where it serializes.'),
  'Output.numRecords': counter('records', 'Records handed to the channel.'),
  'Output.numBuffers': counter('batches', 'Batches handed to the channel.'),
  'Output.numBytes': counter('bytes', 'Bytes sent through the channel, where it serializes.'),
  'Output.queueLen': gauge('batches', 'Batches that the channel has refused or not sent yet.'),
};

/** Of each subtask, in scope `taskmanager_job_task`. */
export const TASK_METRICS = {
  numRecordsIn: counter('records', 'Records that the task has taken in; of a source, those it has read.'),
  numRecordsInPerSecond: rateOf('records', 'Rate of numRecordsIn.'),
  numRecordsOut: counter('records', 'Records handed to channels, and to sinks in the task.'),
  numRecordsOutPerSecond: rateOf('records', 'Rate of numRecordsOut.'),
  numBytesIn: counter('bytes', 'Bytes received by channels that serialize; within a slot there are none.'),
  numBytesInPerSecond: rateOf('bytes', 'Rate of numBytesIn.'),
  numBytesOut: counter('bytes', 'Bytes sent by channels that serialize.'),
  numBytesOutPerSecond: rateOf('bytes', 'Rate of numBytesOut.'),
  numBuffersOut: counter('batches', 'Batches of records handed to channels.'),
  numBuffersOutPerSecond: rateOf('batches', 'Rate of numBuffersOut.'),
  busyTimeMsPerSecond: timeShare('Time at work.'),
  idleTimeMsPerSecond: timeShare('Time without input.'),
  backPressuredTimeMsPerSecond: timeShare('Time blocked by outputs that are full or a sink that waits.'),
  softBackPressuredTimeMsPerSecond: timeShare(
    'Of that: stopped between two records, before an output refused any, or by a sink.',
  ),
  hardBackPressuredTimeMsPerSecond: timeShare(
    'Of that: stopped by an output that refused what a record made.',
  ),
  maxSoftBackPressureTimeMs: gauge('ms', 'Longest of these stops of the last minute or two, softly.'),
  maxHardBackPressureTimeMs: gauge('ms', 'Longest of these stops of the last minute or two, by a refusal.'),
  mailboxMailsPerSecond: rateOf('messages', 'Control messages to the task: splits, checkpoints.'),
  mailboxLatencyMs: histogram(
    'ms',
    'How long such a message waits for the thread: of a probe, once a second.',
  ),
  mailboxQueueSize: gauge('messages', 'Such messages that the task has, and has not acted on.'),
  accumulateBusyTimeMs: gauge('ms', 'Time at work since the attempt began.'),
  accumulateIdleTimeMs: gauge('ms', 'Time without input since the attempt began.'),
  accumulateBackPressuredTimeMs: gauge('ms', 'Time blocked since the attempt began.'),
  isBackPressured: gauge('boolean', 'Whether the task is blocked now.'),
  currentInputWatermark: gauge('ms', 'Event time of the input; -2^63 before any watermark.'),
  numLateRecordsDropped: counter(
    'records',
    'Records that came behind the watermark and its allowed lateness.',
  ),
  numWatermarksBackwards: counter('watermarks', 'Generated watermarks below an earlier one, ignored. Own.'),
  numRecordsOutMistyped: counter('records', 'Records sent that were not of their declared type. Own.'),
  checkpointAlignmentTime: gauge(
    'ns',
    "From the first channel's barrier to the last one's, at the last checkpoint.",
  ),
  checkpointStartDelayNanos: gauge(
    'ns',
    'From the trigger of the last checkpoint to the first barrier here.',
  ),
  initializationTime: gauge('ms', 'From the deployment until records are taken, state restored.'),
  'Shuffle.Netty.Input.numBytesInLocal': counter('bytes', 'Bytes from tasks of the same process.'),
  'Shuffle.Netty.Input.numBytesInLocalPerSecond': rateOf('bytes', 'Rate of numBytesInLocal.'),
  'Shuffle.Netty.Input.numBytesInRemote': counter('bytes', 'Bytes from tasks of other processes.'),
  'Shuffle.Netty.Input.numBytesInRemotePerSecond': rateOf('bytes', 'Rate of numBytesInRemote.'),
  'Shuffle.Netty.Input.numBuffersInLocal': counter('batches', 'Batches from tasks of the same process.'),
  'Shuffle.Netty.Input.numBuffersInLocalPerSecond': rateOf('batches', 'Rate of numBuffersInLocal.'),
  'Shuffle.Netty.Input.numBuffersInRemote': counter('batches', 'Batches from tasks of other processes.'),
  'Shuffle.Netty.Input.numBuffersInRemotePerSecond': rateOf('batches', 'Rate of numBuffersInRemote.'),
  'Shuffle.Netty.Input.Buffers.inputQueueLength': gauge(
    'batches',
    'Batches and events that have come and wait for the task; frames, where the channel serializes.',
  ),
  'Shuffle.Netty.Input.Buffers.inputQueueSize': gauge('bytes', 'Bytes of these, of channels that serialize.'),
  'Shuffle.Netty.Input.Buffers.inPoolUsage': gauge(
    'share',
    'How much of the room of the input channels is taken, on average: 0 to 1.',
  ),
  'Shuffle.Netty.Input.Buffers.inputExclusiveBuffersUsage': gauge(
    'share',
    'As inPoolUsage: each channel has room of its own, and there is no other.',
  ),
  'Shuffle.Netty.Output.Buffers.outputQueueLength': gauge(
    'batches',
    'Batches that channels have refused or not sent yet.',
  ),
  'Shuffle.Netty.Output.Buffers.outputQueueSize': gauge('bytes', 'Bytes of those taken and not sent yet.'),
  'Shuffle.Netty.Output.Buffers.outPoolUsage': gauge(
    'share',
    'Output channels that take nothing now, as a share of all: 0 to 1.',
  ),
  'buffers.inputQueueLength': gauge('batches', 'As Shuffle.Netty.Input.Buffers.inputQueueLength.'),
  'buffers.inPoolUsage': gauge('share', 'As Shuffle.Netty.Input.Buffers.inPoolUsage.'),
  'buffers.outputQueueLength': gauge('batches', 'As Shuffle.Netty.Output.Buffers.outputQueueLength.'),
  'buffers.outPoolUsage': gauge('share', 'As Shuffle.Netty.Output.Buffers.outPoolUsage.'),
};
