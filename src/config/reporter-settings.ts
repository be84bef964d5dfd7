import { ConfigurationError } from '../base/errors.ts';
import { MetricFilter } from '../metrics/metric-filter.ts';
import type { Configuration } from './configuration.ts';
import { OPTIONS } from './options.ts';
import type { ConfigOption } from './option.ts';
import { reporterOptions } from './reporter-options.ts';

/** What reporters of every kind have in common. */
interface CommonSettings {
  readonly name: string;
  readonly filter: MetricFilter;
  readonly excludedVariables: ReadonlySet<string>;
  readonly addedVariables: Readonly<Record<string, string>>;
}

/** A reporter to start. */
export type ReporterSettings = CommonSettings &
  (
    | {
        readonly kind: 'prometheus';
        readonly host: string;
        /** Tried in this order. */
        readonly ports: { readonly from: number; readonly to: number };
        readonly filterLabelValues: boolean;
      }
    | {
        readonly kind: 'otlp';
        readonly endpoint: string;
        readonly timeoutMs: number;
        readonly intervalMs: number;
      }
    | { readonly kind: 'log'; readonly intervalMs: number; readonly delimiter: string }
  );

/** By the last part of the class's name without `Factory`, in lower case. */
const KINDS: Readonly<Record<string, ReporterSettings['kind']>> = {
  prometheus: 'prometheus',
  prom: 'prometheus',
  prometheusreporter: 'prometheus',
  otlp: 'otlp',
  otel: 'otlp',
  opentelemetrymetricreporter: 'otlp',
  log: 'log',
  slf4j: 'log',
  slf4jreporter: 'log',
};

const INSTEAD = 'use prometheus, otlp (a collector passes metrics on to nearly everything) or log';
const REFUSED: Readonly<Record<string, string>> = {
  jmx: 'there is no JVM, so there is no JMX; the same numbers are in the REST interface',
  jmxreporter: 'there is no JVM, so there is no JMX; the same numbers are in the REST interface',
  prometheuspushgatewayreporter: INSTEAD,
  graphitereporter: INSTEAD,
  influxdbreporter: INSTEAD,
  statsdreporter: INSTEAD,
  datadoghttpreporter: INSTEAD,
};

/**
 * The reporters to start: those that `metrics.reporters` names, or all that are configured.
 * @throws ConfigurationError for a reporter, port, filter, endpoint or variable that cannot be
 */
export function reporterSettings(configuration: Configuration): ReporterSettings[] {
  const listed = configuration.get(OPTIONS.metricReporters)?.split(/[,;]/);
  const names = listed?.map((name) => name.trim()).filter((name) => name !== '');
  const configured = configuration
    .reporterNames()
    .filter((name) => configuration.has(reporterOptions(name).factory));
  return [...new Set(names ?? configured)].map((name) => settingsOf(configuration, name));
}

function settingsOf(configuration: Configuration, name: string): ReporterSettings {
  if (!/^[A-Za-z0-9_-]+$/.test(name))
    throw new ConfigurationError(
      `${OPTIONS.metricReporters.key}: "${name.slice(0, 100)}" is no name of a reporter: letters, digits, "_" and "-"`,
    );
  const options = reporterOptions(name);
  const common: CommonSettings = {
    name,
    filter: MetricFilter.parse(
      { key: options.includes.key, text: configuration.get(options.includes) },
      { key: options.excludes.key, text: configuration.get(options.excludes) ?? '' },
    ),
    excludedVariables: new Set(
      (configuration.get(options.variablesExcluded) ?? '')
        .split(/[;,]/)
        .map((variable) => variable.trim().replaceAll(/[<>]/g, ''))
        .filter((variable) => variable !== ''),
    ),
    addedVariables: addedVariables(configuration, options.variablesAdded),
  };
  const kind = kindOf(configuration, name);
  switch (kind) {
    case 'prometheus':
      return {
        ...common,
        kind,
        host: configuration.get(options.host),
        ports: portRange(options.port.key, configuration.get(options.port)),
        filterLabelValues: configuration.get(options.filterLabelValues),
      };
    case 'otlp':
      return {
        ...common,
        kind,
        endpoint: endpointOf(options.endpoint.key, configuration.get(options.endpoint)),
        timeoutMs: configuration.get(options.timeout),
        intervalMs: intervalOf(configuration, options.interval),
      };
    case 'log':
      return {
        ...common,
        kind,
        intervalMs: intervalOf(configuration, options.interval),
        delimiter: configuration.get(options.delimiter) ?? configuration.get(OPTIONS.scopeDelimiter),
      };
  }
}

function kindOf(configuration: Configuration, name: string): ReporterSettings['kind'] {
  const { factory } = reporterOptions(name);
  const given = configuration.get(factory);
  const word = (given ?? name).slice((given ?? name).lastIndexOf('.') + 1).toLowerCase();
  const known = word.replace(/factory$/, '');
  const kind = Object.hasOwn(KINDS, known) ? KINDS[known] : undefined;
  if (kind !== undefined) return kind;
  const reason = Object.hasOwn(REFUSED, known) ? REFUSED[known] : undefined;
  if (reason !== undefined)
    throw new ConfigurationError(`${factory.key}: "${given ?? name}" is refused: ${reason}`);
  throw new ConfigurationError(
    `${factory.key}: there is no reporter "${(given ?? name).slice(0, 200)}"; ${INSTEAD}`,
  );
}

function portRange(key: string, text: string): { readonly from: number; readonly to: number } {
  const match = /^\s*(\d{1,5})\s*(?:-\s*(\d{1,5})\s*)?$/.exec(text);
  const from = Number(match?.[1]);
  const to = Number(match?.[2] ?? match?.[1]);
  if (match !== null && from <= to && to <= 65_535) return { from, to };
  throw new ConfigurationError(
    `${key}: "${text.slice(0, 100)}" is not a port or a range of ports such as 9250-9260`,
  );
}

function endpointOf(key: string, text: string): string {
  if (URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)) return text;
  throw new ConfigurationError(`${key}: "${text.slice(0, 200)}" is not an http or https URL`);
}

function intervalOf(configuration: Configuration, option: ConfigOption<number>): number {
  const ms = configuration.get(option);
  if (ms > 0) return ms;
  throw new ConfigurationError(`${option.key}: an interval is longer than 0`);
}

function addedVariables(
  configuration: Configuration,
  option: ConfigOption<string | undefined>,
): Readonly<Record<string, string>> {
  const pairs = (configuration.get(option) ?? '').split(',').filter((pair) => pair.trim() !== '');
  return Object.fromEntries(
    pairs.map((pair) => {
      const colon = pair.indexOf(':');
      if (colon <= 0)
        throw new ConfigurationError(`${option.key}: "${pair.slice(0, 100)}" is not name:value`);
      return [pair.slice(0, colon).trim(), pair.slice(colon + 1).trim()];
    }),
  );
}
