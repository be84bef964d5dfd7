import { booleanOption, durationOption, stringOption } from './option.ts';
import type { ConfigOption } from './option.ts';

/** Keys of one reporter: `metrics.reporter.<name>.…`. */
export interface ReporterOptions {
  readonly factory: ConfigOption<string | undefined>;
  readonly interval: ConfigOption<number>;
  readonly port: ConfigOption<string>;
  readonly host: ConfigOption<string>;
  readonly filterLabelValues: ConfigOption<boolean>;
  readonly endpoint: ConfigOption<string>;
  readonly timeout: ConfigOption<number>;
  readonly delimiter: ConfigOption<string | undefined>;
  readonly includes: ConfigOption<string>;
  readonly excludes: ConfigOption<string | undefined>;
  readonly variablesExcluded: ConfigOption<string | undefined>;
  readonly variablesAdded: ConfigOption<string | undefined>;
}

const KEY = /^metrics\.reporter\.([A-Za-z0-9_-]+)\.(.+)$/;

/** The name of the reporter that a key is of. */
export function reporterOfKey(key: string): string | undefined {
  return KEY.exec(key)?.[1];
}

/** The option that a key of a reporter stands for. */
export function reporterOption(key: string): ConfigOption<unknown> | undefined {
  const name = reporterOfKey(key);
  if (name === undefined) return undefined;
  return Object.values<ConfigOption<unknown>>({ ...reporterOptions(name) }).find(
    (option) => option.key === key || option.aliases.includes(key),
  );
}

export function reporterOptions(name: string): ReporterOptions {
  const key = (property: string): string => `metrics.reporter.${name}.${property}`;
  return {
    factory: stringOption(key('factory.class'), {
      defaultValue: undefined,
      description:
        "Which reporter: `prometheus`, `otlp`, `log`, or the class of Flink's that does the same. Unset: as the name says.",
      aliases: [key('class')],
    }),
    interval: durationOption(key('interval'), {
      defaultValue: 10_000,
      description: 'How often `otlp` and `log` report.',
    }),
    port: stringOption(key('port'), {
      defaultValue: '9249-9348',
      description:
        'Of `prometheus`: where it answers `/metrics`. A range: the first port that is free, so that several nodes may share a machine. Flink has 9249 alone.',
    }),
    host: stringOption(key('host'), {
      defaultValue: '127.0.0.1',
      description:
        'Of `prometheus`: the address it listens on. Unlike Flink it is not reached from outside unless it is told to be.',
    }),
    filterLabelValues: booleanOption(key('filterLabelValueCharacters'), {
      defaultValue: true,
      description:
        'Of `prometheus`: whether characters of label values other than `[a-zA-Z0-9:_]` become `_`.',
    }),
    endpoint: stringOption(key('exporter.endpoint'), {
      defaultValue: 'http://127.0.0.1:4318/v1/metrics',
      description: 'Of `otlp`: where metrics go, as OTLP over HTTP.',
    }),
    timeout: durationOption(key('exporter.timeout'), {
      defaultValue: 10_000,
      description: 'Of `otlp`: how long a collector may take.',
    }),
    delimiter: stringOption(key('scope.delimiter'), {
      defaultValue: undefined,
      description: 'Of `log`: what stands between the parts of identifiers. Unset: metrics.scope.delimiter.',
    }),
    includes: stringOption(key('filter.includes'), {
      defaultValue: '*:*:*',
      description:
        'Metrics that are reported: filters `scope:name:type`, separated by `;`. `*` stands for anything, several names or types are separated by commas; scope is the logical one, such as `taskmanager.job.task`.',
    }),
    excludes: stringOption(key('filter.excludes'), {
      defaultValue: undefined,
      description: 'Metrics that are not reported though they are included; filters as above.',
    }),
    variablesExcluded: stringOption(key('scope.variables.excludes'), {
      defaultValue: undefined,
      description: 'Variables that become no labels, separated by `;`: `job_id;task_attempt_num`.',
    }),
    variablesAdded: stringOption(key('scope.variables.additional'), {
      defaultValue: undefined,
      description: 'Labels that all metrics get beside theirs: `region:eu,tier:1`.',
    }),
  };
}
