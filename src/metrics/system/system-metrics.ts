import { InternalError } from '../../base/errors.ts';
import { METER_WINDOW_SECONDS } from '../../base/limits.ts';
import type { HistogramValue, MetricSample } from '../../protocol/metrics.ts';
import { RateWindow } from '../rate-window.ts';
import type { MetricDefinition, MetricDefinitions } from './definition.ts';

/** Reads what a metric is now; undefined where there is nothing to say yet. Rates are given the count that grows. */
export type MetricReader = () => number | string | boolean | HistogramValue | undefined;

/** Readers of metrics that are in the table `D`, and of no others. */
export type MetricReaders<D extends MetricDefinitions> = { readonly [K in keyof D]?: MetricReader };

interface Entry {
  readonly name: string;
  readonly definition: MetricDefinition;
  readonly read: MetricReader;
  readonly window: RateWindow | undefined;
}

/** Metrics out of counters that are kept anyway: nothing is counted for them, they are read when metrics are collected. */
export class SystemMetrics<D extends MetricDefinitions> {
  readonly #entries: readonly Entry[];

  constructor(definitions: D, readers: MetricReaders<D>) {
    this.#entries = Object.entries<MetricReader | undefined>(readers).flatMap(([name, read]) => {
      const definition = definitions[name];
      if (definition === undefined || read === undefined) return [];
      const window = definition.perSecond ? new RateWindow(METER_WINDOW_SECONDS) : undefined;
      return [{ name, definition, read, window }];
    });
  }

  /** @param now monotonic ms */
  collect(now: number): MetricSample[] {
    return this.#entries.flatMap((entry) => sampleOf(entry, now) ?? []);
  }
}

function sampleOf({ name, definition, read, window }: Entry, now: number): MetricSample | undefined {
  const value = read();
  if (value === undefined) return undefined;
  if (typeof value === 'object') {
    if (definition.type === 'histogram') return { type: 'histogram', name, value };
    throw new InternalError(
      `metric ${name} is a ${definition.type}, and was given the statistics of a histogram`,
    );
  }
  if (window !== undefined) window.update(Number(value), now);
  switch (definition.type) {
    case 'counter':
      return { type: 'counter', name, value: Number(value) };
    case 'meter':
      return { type: 'meter', name, value: { rate: window?.rate ?? 0, count: Number(value) } };
    case 'gauge':
      return { type: 'gauge', name, value: window?.rate ?? value };
    case 'histogram':
      throw new InternalError(`metric ${name} is a histogram, and was given one value`);
  }
}
