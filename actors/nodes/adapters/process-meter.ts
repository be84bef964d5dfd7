import { availableParallelism } from 'node:os';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { EVENT_LOOP_DELAY_WINDOW_MS, EVENT_LOOP_RESOLUTION_MS } from '../../../src/base/limits.ts';
import type { PROCESS_METRICS } from '../../../src/metrics/system/process-metrics.ts';
import type { MetricReaders } from '../../../src/metrics/system/system-metrics.ts';
import { ThreadMeter } from './thread-meter.ts';
import type { ThreadFigures } from './thread-meter.ts';

const NANOS_PER_MS = 1e6;

interface EventLoopDelay {
  readonly median: number;
  readonly p99: number;
  readonly max: number;
}

/** What a process measures of itself: its main thread, and the slot threads that told of themselves. */
export class ProcessMeter {
  readonly #main = new ThreadMeter();
  readonly #threads = new Map<object, ThreadFigures>();
  readonly #delay = monitorEventLoopDelay({ resolution: EVENT_LOOP_RESOLUTION_MS });
  #lastDelay: EventLoopDelay | undefined;
  #delaySince = performance.now();
  /** Collections of threads that have ended: sums never go back. */
  #endedCollections = 0;
  #endedCollectionMs = 0;
  #cpu = { at: performance.now(), micros: cpuMicros(), load: 0 };

  constructor() {
    this.#delay.enable();
  }

  threadMeasured(thread: object, figures: ThreadFigures): void {
    this.#threads.set(thread, figures);
  }

  threadEnded(thread: object): void {
    const last = this.#threads.get(thread);
    this.#threads.delete(thread);
    this.#endedCollections += last?.collections ?? 0;
    this.#endedCollectionMs += last?.collectionMs ?? 0;
  }

  readers(): MetricReaders<typeof PROCESS_METRICS> {
    const nonHeap = (): number => Math.max(0, process.memoryUsage.rss() - this.#sum('heapCommitted'));
    const collectionMs = (): number => this.#sum('collectionMs') + this.#endedCollectionMs;
    return {
      'Status.JVM.CPU.Load': () => this.#cpuLoad(),
      'Status.JVM.CPU.Time': () => cpuMicros() * 1_000,
      'Status.JVM.Memory.Heap.Used': () => this.#sum('heapUsed'),
      'Status.JVM.Memory.Heap.Committed': () => this.#sum('heapCommitted'),
      'Status.JVM.Memory.Heap.Max': () => this.#sum('heapMax'),
      'Status.JVM.Memory.NonHeap.Used': nonHeap,
      'Status.JVM.Memory.NonHeap.Committed': nonHeap,
      'Status.JVM.Memory.Direct.MemoryUsed': () => this.#sum('external'),
      'Status.JVM.Threads.Count': () => 1 + this.#threads.size,
      'Status.JVM.GarbageCollector.All.Count': () => this.#sum('collections') + this.#endedCollections,
      'Status.JVM.GarbageCollector.All.Time': () => Math.round(collectionMs()),
      'Status.JVM.GarbageCollector.All.TimeMsPerSecond': collectionMs,
      'Status.EventLoop.DelayMedian': () => this.#eventLoopDelay().median,
      'Status.EventLoop.DelayP99': () => this.#eventLoopDelay().p99,
      'Status.EventLoop.DelayMax': () => this.#eventLoopDelay().max,
    };
  }

  close(): void {
    this.#delay.disable();
    this.#main.close();
  }

  #sum(figure: keyof ThreadFigures): number {
    let sum = this.#main.figures()[figure];
    for (const figures of this.#threads.values()) sum += figures[figure];
    return sum;
  }

  /** Over the time since the last look, at least one window. */
  #cpuLoad(): number {
    const at = performance.now();
    const elapsed = at - this.#cpu.at;
    if (elapsed < EVENT_LOOP_DELAY_WINDOW_MS / 10) return this.#cpu.load;
    const micros = cpuMicros();
    const load = (micros - this.#cpu.micros) / (elapsed * 1_000 * availableParallelism());
    this.#cpu = { at, micros, load };
    return load;
  }

  /** Of the last whole window, so that several who look do not take from each other. */
  #eventLoopDelay(): EventLoopDelay {
    const now = performance.now();
    if (this.#lastDelay === undefined || now - this.#delaySince >= EVENT_LOOP_DELAY_WINDOW_MS) {
      // The histogram holds how far apart ticks were, the resolution included.
      const ms = (nanos: number): number => Math.max(0, nanos / NANOS_PER_MS - EVENT_LOOP_RESOLUTION_MS);
      this.#lastDelay =
        this.#delay.count === 0
          ? { median: 0, p99: 0, max: 0 }
          : {
              median: ms(this.#delay.percentile(50)),
              p99: ms(this.#delay.percentile(99)),
              max: ms(this.#delay.max),
            };
      this.#delay.reset();
      this.#delaySince = now;
    }
    return this.#lastDelay;
  }
}

function cpuMicros(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}
