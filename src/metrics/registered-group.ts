import { UserError } from '../base/errors.ts';
import { METRIC_NAME_CHARS_MAX, METRICS_PER_OPERATOR_MAX } from '../base/limits.ts';
import type { Counter, Gauge, Histogram, Meter, MetricGroup } from '../functions/metrics.ts';
import type { MetricScope } from '../protocol/metrics.ts';
import { DescriptiveStatisticsHistogram } from './descriptive-statistics-histogram.ts';
import { MeterView } from './meter-view.ts';
import { scopeComponents } from './scope-formats.ts';
import type { ScopeFormats } from './scope-formats.ts';
import { SimpleCounter } from './simple-counter.ts';

/** A metric that somebody registered. */
export type RegisteredMetric =
  | { readonly type: 'counter'; readonly metric: Counter }
  | { readonly type: 'gauge'; readonly metric: Gauge }
  | { readonly type: 'meter'; readonly metric: Meter }
  | { readonly type: 'histogram'; readonly metric: Histogram };

/** What the groups of one component have in common. */
export interface GroupOwner {
  readonly scope: MetricScope;
  /** By name, without angle brackets. */
  readonly variables: Readonly<Record<string, string>>;
  readonly formats: ScopeFormats;
  /** A metric is not reported, and why. */
  warn(message: string): void;
}

/** A group of metrics, and those below it. */
export class RegisteredGroup implements MetricGroup {
  /** Groups above, this one included: [name], or [key, value]. */
  readonly path: readonly (readonly [string] | readonly [string, string])[];
  readonly metrics = new Map<string, RegisteredMetric>();
  readonly groups = new Map<string, RegisteredGroup>();
  readonly #owner: GroupOwner;
  readonly #count: { metrics: number };

  constructor(owner: GroupOwner, path: RegisteredGroup['path'] = [], count = { metrics: 0 }) {
    this.#owner = owner;
    this.path = path;
    this.#count = count;
  }

  counter(name: string): Counter;
  counter<C extends Counter>(name: string, counter: C): C;
  counter(name: string, counter?: Counter): Counter {
    const known = this.metrics.get(name);
    if (counter === undefined && known?.type === 'counter') return known.metric;
    const metric = counter ?? new SimpleCounter();
    this.#add(name, { type: 'counter', metric });
    return metric;
  }

  gauge<G extends Gauge>(name: string, gauge: G): G {
    this.#add(name, { type: 'gauge', metric: gauge });
    return gauge;
  }

  meter(name: string): Meter;
  meter<M extends Meter>(name: string, meter: M): M;
  meter(name: string, meter?: Meter): Meter {
    const known = this.metrics.get(name);
    if (meter === undefined && known?.type === 'meter') return known.metric;
    const metric = meter ?? new MeterView();
    this.#add(name, { type: 'meter', metric });
    return metric;
  }

  histogram(name: string): Histogram;
  histogram<H extends Histogram>(name: string, histogram: H): H;
  histogram(name: string, histogram?: Histogram): Histogram {
    const known = this.metrics.get(name);
    if (histogram === undefined && known?.type === 'histogram') return known.metric;
    const metric = histogram ?? new DescriptiveStatisticsHistogram();
    this.#add(name, { type: 'histogram', metric });
    return metric;
  }

  addGroup(name: string, value?: string): MetricGroup {
    checkName(name);
    if (value !== undefined) checkName(value);
    const key = JSON.stringify([name, value]);
    const known = this.groups.get(key);
    if (known !== undefined) return known;
    const path = [...this.path, value === undefined ? ([name] as const) : ([name, value] as const)];
    const group = new RegisteredGroup(this.#owner, path, this.#count);
    // One that is not counted is not reported, whatever is registered in it.
    if (this.#admit(`group "${name}"`)) this.groups.set(key, group);
    return group;
  }

  getScopeComponents(): readonly string[] {
    const { formats, scope } = this.#owner;
    return [...scopeComponents(formats, scope, this.#owner.variables), ...this.path.flat()];
  }

  getMetricIdentifier(name: string): string {
    return [...this.getScopeComponents(), name].join(this.#owner.formats.delimiter);
  }

  getAllVariables(): Readonly<Record<string, string>> {
    const all = { ...this.#owner.variables, ...pathVariables(this.path) };
    return Object.fromEntries(Object.entries(all).map(([name, value]) => [`<${name}>`, value]));
  }

  #add(name: string, metric: RegisteredMetric): void {
    checkName(name);
    if (this.metrics.has(name)) {
      this.#owner.warn(
        `metric "${this.getMetricIdentifier(name)}" is there already: the second one is not reported`,
      );
      return;
    }
    if (this.#admit(`metric "${name}"`)) this.metrics.set(name, metric);
  }

  #admit(what: string): boolean {
    this.#count.metrics += 1;
    if (this.#count.metrics <= METRICS_PER_OPERATOR_MAX) return true;
    if (this.#count.metrics === METRICS_PER_OPERATOR_MAX + 1)
      this.#owner.warn(
        `${what} and all further ones are not reported: ${METRICS_PER_OPERATOR_MAX} metrics and groups are the most that an ` +
          'operator may have; register in open(), not for each record or key',
      );
    return false;
  }
}

/** Variables that groups of a path stand for. */
export function pathVariables(path: readonly (readonly string[])[]): Record<string, string> {
  return Object.fromEntries(
    path.flatMap(([key, value]) => (key === undefined || value === undefined ? [] : [[key, value] as const])),
  );
}

function checkName(name: string): void {
  if (typeof name === 'string' && name !== '' && name.length <= METRIC_NAME_CHARS_MAX) return;
  throw new UserError(
    `"${String(name).slice(0, 50)}" is no name of a metric or group: a text of 1 to ${METRIC_NAME_CHARS_MAX} characters`,
  );
}
