import { ConfigurationError } from '../base/errors.ts';
import { nearest } from './nearest.ts';
import type { ConfigOption } from './option.ts';
import { JOB_PARAMETERS, OPTIONS } from './options.ts';
import { reporterOfKey, reporterOption, reporterOptions } from './reporter-options.ts';

const BY_KEY: ReadonlyMap<string, ConfigOption<unknown>> = new Map(
  Object.values(OPTIONS).flatMap((option): [string, ConfigOption<unknown>][] =>
    [option.key, ...option.aliases].map((key) => [key, option]),
  ),
);

/** Checked configuration: Flink's keys with their values as text, read through `OPTIONS`. Immutable. */
export class Configuration {
  readonly #values: ReadonlyMap<string, string>;

  private constructor(values: ReadonlyMap<string, string>) {
    this.#values = values;
  }

  /**
   * @param entries later ones win; a key wins over its aliases wherever they stand
   * @throws ConfigurationError for a key that is not known (the nearest one is named) or a value that cannot be read
   */
  static of(entries: Iterable<readonly [string, string]>): Configuration {
    const given = new Map<string, string>();
    for (const [key, value] of entries) given.set(key, value);
    const values = new Map<string, string>();
    for (const [key, value] of given) {
      if (key.startsWith(`${JOB_PARAMETERS}.`)) {
        values.set(key, value);
        continue;
      }
      const option = BY_KEY.get(key) ?? reporterOption(key);
      if (option === undefined) throw unknownKey(key);
      option.parse(value);
      if (key === option.key || !given.has(option.key)) values.set(option.key, value);
    }
    return new Configuration(values);
  }

  static readonly EMPTY = new Configuration(new Map());

  get<T>(option: ConfigOption<T>): T {
    const text = this.#values.get(option.key);
    return text === undefined ? option.defaultValue : option.parse(text);
  }

  /** Whether the option was given, also with its default value. */
  has(option: ConfigOption<unknown>): boolean {
    return this.#values.has(option.key);
  }

  /** This configuration with another over it. */
  with(other: Configuration): Configuration {
    return new Configuration(new Map([...this.#values, ...other.#values]));
  }

  /** Names of the metric reporters that something is configured of. */
  reporterNames(): readonly string[] {
    const names = [...this.#values.keys()].flatMap((key) => reporterOfKey(key) ?? []);
    return [...new Set(names)];
  }

  /** This configuration without some options, as if they had not been given. */
  without(options: Iterable<ConfigOption<unknown>>): Configuration {
    const keys = new Set([...options].map(({ key }) => key));
    return new Configuration(new Map([...this.#values].filter(([key]) => !keys.has(key))));
  }

  /** Job parameters by name. */
  parameters(): ReadonlyMap<string, string> {
    const prefix = `${JOB_PARAMETERS}.`;
    return new Map(
      [...this.#values]
        .filter(([key]) => key.startsWith(prefix))
        .map(([key, value]) => [key.slice(prefix.length), value]),
    );
  }

  /** Keys and values as they travel with a job. */
  toRecord(): Record<string, string> {
    return Object.fromEntries(this.#values);
  }
}

function unknownKey(key: string): ConfigurationError {
  const reporter = reporterOptions(reporterOfKey(key) ?? '<name>');
  const reporterKeys = Object.values<ConfigOption<unknown>>({ ...reporter }).map((option) => option.key);
  const guess = nearest(key, [...BY_KEY.keys(), ...reporterKeys, JOB_PARAMETERS]);
  const hint = guess === undefined ? '' : `; did you mean "${guess}"?`;
  return new ConfigurationError(`unknown configuration key "${key.slice(0, 200)}"${hint}`);
}
