import { PerformanceObserver } from 'node:perf_hooks';
import { getHeapStatistics } from 'node:v8';

/** What one thread measures of itself: sums since it began. */
export interface ThreadFigures {
  readonly heapUsed: number;
  readonly heapCommitted: number;
  readonly heapMax: number;
  /** Buffers and what else is outside of the heap. */
  readonly external: number;
  readonly collections: number;
  readonly collectionMs: number;
}

/** Memory and garbage collections of the thread it is made in. */
export class ThreadMeter {
  #collections = 0;
  #collectionMs = 0;
  readonly #observer = new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) {
      this.#collections += 1;
      this.#collectionMs += duration;
    }
  });

  constructor() {
    this.#observer.observe({ entryTypes: ['gc'] });
  }

  figures(): ThreadFigures {
    const heap = getHeapStatistics();
    return {
      heapUsed: heap.used_heap_size,
      heapCommitted: heap.total_heap_size,
      heapMax: heap.heap_size_limit,
      external: heap.external_memory,
      collections: this.#collections,
      collectionMs: this.#collectionMs,
    };
  }

  close(): void {
    this.#observer.disconnect();
  }
}
