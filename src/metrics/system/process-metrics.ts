import { counter, gauge, timeShare } from './definition.ts';

/** Of each process, in scopes `jobmanager` and `taskmanager`. Heaps are those of all its threads together. */
export const PROCESS_METRICS = {
  'Status.JVM.CPU.Load': gauge('share', 'CPU time of the process, as a share of all CPUs: 0 to 1.'),
  'Status.JVM.CPU.Time': gauge('ns', 'CPU time of the process.'),
  'Status.JVM.Memory.Heap.Used': gauge('bytes', 'V8 heaps: objects.'),
  'Status.JVM.Memory.Heap.Committed': gauge('bytes', 'V8 heaps: memory taken from the system.'),
  'Status.JVM.Memory.Heap.Max': gauge('bytes', 'V8 heaps: their limits.'),
  'Status.JVM.Memory.NonHeap.Used': gauge(
    'bytes',
    'Memory of the process outside of V8 heaps, buffers included.',
  ),
  'Status.JVM.Memory.NonHeap.Committed': gauge('bytes', 'As NonHeap.Used.'),
  'Status.JVM.Memory.Direct.MemoryUsed': gauge(
    'bytes',
    'Buffers and what else V8 holds outside of its heaps.',
  ),
  'Status.JVM.Threads.Count': gauge('threads', 'Main thread and slot threads.'),
  'Status.JVM.GarbageCollector.All.Count': gauge('collections', 'Garbage collections of all threads.'),
  'Status.JVM.GarbageCollector.All.Time': gauge('ms', 'Time in garbage collections of all threads.'),
  'Status.JVM.GarbageCollector.All.TimeMsPerSecond': timeShare('Time in garbage collections.'),
  'Status.EventLoop.DelayMedian': gauge(
    'ms',
    'How late events of the main thread are, since the last look. Own.',
  ),
  'Status.EventLoop.DelayP99': gauge('ms', 'As DelayMedian, 99th percentile. Own.'),
  'Status.EventLoop.DelayMax': gauge('ms', 'As DelayMedian, longest. Own.'),
  'Status.Messages.Malformed': counter(
    'messages',
    'Messages refused because they are not of the protocol. Own.',
  ),
  'Status.Messages.Stale': counter('messages', 'Messages of a former leader or attempt, dropped. Own.'),
};

/** Of the JobManager, in scope `jobmanager`. */
export const CLUSTER_METRICS = {
  numRegisteredTaskManagers: gauge('TaskManagers', 'TaskManagers that are registered.'),
  numRunningJobs: gauge('jobs', 'Jobs that have not ended.'),
  taskSlotsTotal: gauge('slots', 'Slots of all registered TaskManagers.'),
  taskSlotsAvailable: gauge('slots', 'Slots that no job holds.'),
};
