import type { MetricSample, MetricSamples, MetricScope } from '../protocol/metrics.ts';
import { collectGroup } from './collect-group.ts';
import { pathVariables, RegisteredGroup } from './registered-group.ts';
import type { GroupOwner } from './registered-group.ts';
import { DEFAULT_SCOPE_FORMATS } from './scope-formats.ts';
import type { ScopeFormats } from './scope-formats.ts';

export interface ComponentOptions {
  readonly scope: MetricScope;
  /** By name, without angle brackets. */
  readonly variables: Readonly<Record<string, string>>;
  readonly formats?: ScopeFormats;
  /** Groups that Millrace's own metrics are in, below the scope. */
  readonly path?: readonly (readonly [string] | readonly [string, string])[];
  readonly warn?: (message: string) => void;
}

/** Metrics out of what is kept anyway. */
export interface SampleSource {
  /** @param now monotonic ms */
  collect(now: number): MetricSample[];
}

/** What has metrics: a process, a job, a task, an operator. Its own come from counters it keeps, others are registered. */
export class MetricComponent implements GroupOwner {
  readonly scope: MetricScope;
  readonly variables: Readonly<Record<string, string>>;
  readonly formats: ScopeFormats;
  readonly group: RegisteredGroup;
  readonly #path: NonNullable<ComponentOptions['path']>;
  readonly #warn: (message: string) => void;
  readonly #system: SampleSource[] = [];
  readonly #below: MetricComponent[] = [];

  constructor({
    scope,
    variables,
    formats = DEFAULT_SCOPE_FORMATS,
    path = [],
    warn = () => {},
  }: ComponentOptions) {
    this.scope = scope;
    this.variables = variables;
    this.formats = formats;
    this.#warn = warn;
    this.#path = path;
    this.group = new RegisteredGroup(this, path);
  }

  warn(message: string): void {
    this.#warn(message);
  }

  /** Adds metrics of Millrace's own. */
  add(metrics: SampleSource): void {
    this.#system.push(metrics);
  }

  /** Metrics of Millrace's own in a group below: read with those of the component. @param step [name], or [key, value] */
  below(step: readonly [string] | readonly [string, string]): MetricComponent {
    const { scope, variables, formats } = this;
    const warn = (message: string): void => this.#warn(message);
    const component = new MetricComponent({ scope, variables, formats, warn, path: [...this.#path, step] });
    this.#below.push(component);
    return component;
  }

  /** @param now monotonic ms */
  collect(now: number): MetricSamples[] {
    return [...this.#ownSamples(now), ...this.#below.flatMap((component) => component.collect(now))];
  }

  #ownSamples(now: number): MetricSamples[] {
    const samples = this.#system.flatMap((metrics) => metrics.collect(now));
    const groups = collectGroup(this, this.group, now);
    if (samples.length === 0) return groups;
    const variables = { ...this.variables, ...pathVariables(this.#path) };
    const path = this.#path.map((step) => [...step]);
    return [{ scope: this.scope, variables, path, samples }, ...groups];
  }
}
