/** Metrics as user functions see them; `src/metrics` implements them. Names and meanings are Flink's. */

/** Counts something; 0 at the start of each attempt. */
export interface Counter {
  /** Adds `n`, default 1. */
  inc(n?: number): void;
  /** Takes `n` away, default 1. */
  dec(n?: number): void;
  getCount(): number;
}

/** A value that is read whenever metrics are collected: never per record, so it may cost something. */
export type Gauge<T extends GaugeValue = GaugeValue> = (() => T) | { getValue(): T };
export type GaugeValue = number | string | boolean | bigint;

/** Measures how often something happens. */
export interface Meter {
  /** It happened `n` times, default once. */
  markEvent(n?: number): void;
  /** Events per second. */
  getRate(): number;
  /** Events, ever. */
  getCount(): number;
}

/** How numbers are distributed. */
export interface Histogram {
  update(value: number): void;
  /** Values, ever. */
  getCount(): number;
  getStatistics(): HistogramStatistics;
}

/** Statistics of the values that a histogram holds. All are 0 while it holds none. */
export interface HistogramStatistics {
  /** Values that it holds. */
  readonly size: number;
  readonly min: number;
  readonly max: number;
  readonly mean: number;
  readonly stdDev: number;
  /** @param quantile from 0 to 1 */
  getQuantile(quantile: number): number;
}

/** Metrics of one operator's subtask, and groups below it. Register in `open`; what is registered goes with the attempt. */
export interface MetricGroup {
  /** Registers a counter; asking for one that is there already gives the same again. */
  counter(name: string): Counter;
  /** Registers a counter of one's own. */
  counter<C extends Counter>(name: string, counter: C): C;
  /** Registers a value that is read when metrics are collected. */
  gauge<G extends Gauge>(name: string, gauge: G): G;
  /** Registers a meter; where none is given, a `MeterView` over a minute. */
  meter(name: string): Meter;
  meter<M extends Meter>(name: string, meter: M): M;
  /** Registers a histogram; where none is given, a `DescriptiveStatisticsHistogram` of the last 1000 values. */
  histogram(name: string): Histogram;
  histogram<H extends Histogram>(name: string, histogram: H): H;
  /** A group below this one; the same again for the same name. */
  addGroup(name: string): MetricGroup;
  /** A group below this one that is the value of a variable: reporters with labels get `key` as a label. */
  addGroup(key: string, value: string): MetricGroup;
  /** The scope of this group: the format of its operator (`metrics.scope.operator`), filled in, and the groups above this one. */
  getScopeComponents(): readonly string[];
  /** The scope and a metric's name, joined by `metrics.scope.delimiter`. */
  getMetricIdentifier(name: string): string;
  /** Variables of the scope, such as `<job_name>` and `<subtask_index>`, with their values. */
  getAllVariables(): Readonly<Record<string, string>>;
}
