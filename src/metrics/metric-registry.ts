import type { MetricSamples } from '../protocol/metrics.ts';
import type { SampleSource } from './component.ts';
import { DEFAULT_SCOPE_FORMATS } from './scope-formats.ts';
import type { ScopeFormats } from './scope-formats.ts';
import { PROCESS_METRICS } from './system/process-metrics.ts';
import { SystemMetrics } from './system/system-metrics.ts';
import type { MetricReaders } from './system/system-metrics.ts';

/** Whoever has metrics in a process: a TaskManager with its slots, the JobManager with its jobs. */
export interface MetricSource {
  /** @param now monotonic ms */
  collect(now: number): MetricSamples[];
}

export interface MetricRegistryOptions {
  readonly host: string;
  readonly formats: ScopeFormats;
  /** `taskmanager.network.detailed-metrics` */
  readonly perChannel: boolean;
  /** What the process measures of itself; nothing in simulations. */
  readonly process: MetricReaders<typeof PROCESS_METRICS>;
}

/** All metrics of one process: what its reporters report. */
export class MetricRegistry {
  readonly host: string;
  readonly formats: ScopeFormats;
  readonly perChannel: boolean;
  readonly #process: MetricReaders<typeof PROCESS_METRICS>;
  readonly #sources = new Set<MetricSource>();

  constructor(options: Partial<MetricRegistryOptions> = {}) {
    this.host = options.host ?? 'localhost';
    this.formats = options.formats ?? DEFAULT_SCOPE_FORMATS;
    this.perChannel = options.perChannel ?? false;
    this.#process = options.process ?? {};
  }

  /** Adds a source; returns how to take it away. */
  add(source: MetricSource): () => void {
    this.#sources.add(source);
    return () => void this.#sources.delete(source);
  }

  /** What the process measures of itself, for one of its roles. */
  processMetrics(): SampleSource {
    return new SystemMetrics(PROCESS_METRICS, this.#process);
  }

  /** @param now monotonic ms */
  collect(now: number): MetricSamples[] {
    return [...this.#sources].flatMap((source) => source.collect(now));
  }
}
