import { gauge } from './definition.ts';

/** Of each TaskManager, in scope `taskmanager`, beside those of every process. Segments are frames of `taskmanager.memory.segment-size`. */
export const TASK_MANAGER_METRICS = {
  'Status.Flink.Memory.Managed.Total': gauge('bytes', 'Managed memory of the memory model.'),
  'Status.Flink.Memory.Managed.Used': gauge(
    'bytes',
    'What the databases of tasks may take for block cache and write buffers, with state.backend.type rocksdb. No database is refused: more than Total is possible.',
  ),
  'Status.Shuffle.Netty.TotalMemory': gauge('bytes', 'Network memory of the memory model.'),
  'Status.Shuffle.Netty.UsedMemory': gauge(
    'bytes',
    'What inputs of tasks have for frames that wait: rings between slots, and windows of frames from other processes.',
  ),
  'Status.Shuffle.Netty.AvailableMemory': gauge('bytes', 'TotalMemory without UsedMemory; at least 0.'),
  'Status.Shuffle.Netty.TotalMemorySegments': gauge('segments', 'Segments in TotalMemory.'),
  'Status.Shuffle.Netty.UsedMemorySegments': gauge('segments', 'Segments in UsedMemory, rounded up.'),
  'Status.Shuffle.Netty.AvailableMemorySegments': gauge(
    'segments',
    'TotalMemorySegments without UsedMemorySegments; at least 0.',
  ),
  'Status.Shuffle.Netty.RequestedMemoryUsage': gauge(
    '%',
    'UsedMemory in hundredths of TotalMemory. Channels have a least size: more than 100 is possible.',
  ),
  'Status.Network.TotalMemorySegments': gauge('segments', 'As Status.Shuffle.Netty.TotalMemorySegments.'),
  'Status.Network.AvailableMemorySegments': gauge(
    'segments',
    'As Status.Shuffle.Netty.AvailableMemorySegments.',
  ),
};
