import type { MetricType } from '../../protocol/metrics.ts';

/** One metric of Millrace's own: what is registered, documented, drawn and alerted on comes from tables of these. */
export interface MetricDefinition {
  readonly type: MetricType;
  /** Its reader gives a count that only rises; reported is how much it rises per second. */
  readonly perSecond: boolean;
  readonly unit: string;
  readonly description: string;
}

export type MetricDefinitions = Readonly<Record<string, MetricDefinition>>;

export function counter(unit: string, description: string): MetricDefinition {
  return { type: 'counter', perSecond: false, unit, description };
}

export function gauge(unit: string, description: string): MetricDefinition {
  return { type: 'gauge', perSecond: false, unit, description };
}

/** Its reader gives the statistics of the last values. */
export function histogram(unit: string, description: string): MetricDefinition {
  return { type: 'histogram', perSecond: false, unit, description };
}

/** The rate of what a counter counts. */
export function rateOf(unit: string, description: string): MetricDefinition {
  return { type: 'meter', perSecond: true, unit: `${unit}/s`, description };
}

/** Share of time, as a gauge. */
export function timeShare(description: string): MetricDefinition {
  return { type: 'gauge', perSecond: true, unit: 'ms/s', description };
}
