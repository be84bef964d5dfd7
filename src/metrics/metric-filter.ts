import { ConfigurationError } from '../base/errors.ts';
import type { MetricSample, MetricSamples, MetricType } from '../protocol/metrics.ts';
import { logicalScope } from './logical-scope.ts';

const TYPES: readonly MetricType[] = ['counter', 'gauge', 'meter', 'histogram'];

interface Rule {
  readonly scope: RegExp;
  readonly names: readonly RegExp[];
  readonly types: readonly string[];
}

/** Which metrics a reporter reports: those that a rule includes and none excludes. */
export class MetricFilter {
  readonly #includes: readonly Rule[];
  readonly #excludes: readonly Rule[];

  constructor(includes: readonly Rule[], excludes: readonly Rule[]) {
    this.#includes = includes;
    this.#excludes = excludes;
  }

  /**
   * Reads `scope:name:type` filters; missing parts stand for anything.
   * @throws ConfigurationError naming the key and the part
   */
  static parse(
    includes: { readonly key: string; readonly text: string },
    excludes: { readonly key: string; readonly text: string },
  ): MetricFilter {
    return new MetricFilter(rules(includes.key, includes.text), rules(excludes.key, excludes.text));
  }

  /** The group without what is not to be reported; undefined where nothing is left. */
  apply(group: MetricSamples): MetricSamples | undefined {
    const scope = logicalScope(group).join('.');
    const samples = group.samples.filter(
      (sample) =>
        this.#includes.some((rule) => matches(rule, scope, sample)) &&
        !this.#excludes.some((rule) => matches(rule, scope, sample)),
    );
    if (samples.length === 0) return undefined;
    return samples.length === group.samples.length ? group : { ...group, samples };
  }
}

/** Dots in the names of Millrace's own metrics stand for groups. */
function matches(
  { scope: scopes, names, types }: Rule,
  scope: string,
  { name, type }: MetricSample,
): boolean {
  const dot = name.lastIndexOf('.');
  const whole = dot < 0 ? scope : `${scope}.${name.slice(0, dot)}`;
  const last = name.slice(dot + 1);
  return (
    (types.includes('*') || types.includes(type)) &&
    (scopes.test(whole) || scopes.test(scope)) &&
    names.some((pattern) => pattern.test(last) || pattern.test(name))
  );
}

function rules(key: string, text: string): Rule[] {
  return text
    .split(';')
    .map((rule) => rule.trim())
    .filter((rule) => rule !== '')
    .map((rule) => {
      const [scope = '*', names = '*', types = '*', ...more] = rule.split(':');
      if (more.length > 0) throw bad(key, rule, 'has more than the three parts scope:name:type');
      const wanted = types.split(',').map((type) => type.trim().toLowerCase());
      const wrong = wanted.find((type) => type !== '*' && !TYPES.some((known) => known === type));
      if (wrong !== undefined) throw bad(key, rule, `names a type "${wrong}"; there are ${TYPES.join(', ')}`);
      return { scope: wildcard(scope), names: names.split(',').map(wildcard), types: wanted };
    });
}

function bad(key: string, rule: string, what: string): ConfigurationError {
  return new ConfigurationError(`${key}: the filter "${rule.slice(0, 200)}" ${what}`);
}

function wildcard(text: string): RegExp {
  const parts = text
    .trim()
    .split(/\*+/)
    .map((part) => RegExp.escape(part));
  return new RegExp(`^${parts.join('.*')}$`);
}
