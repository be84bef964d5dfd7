import { ConfigurationError } from '../base/errors.ts';
import { Secret } from '../base/secret.ts';
import { toMillis } from '../base/time.ts';

/** One configuration option: its key, type, default and meaning. `T` is what code reads. */
export interface ConfigOption<T> {
  readonly key: string;
  /** Other spellings that mean the same; the key itself wins when both are given. */
  readonly aliases: readonly string[];
  readonly type: string;
  readonly defaultValue: T;
  readonly description: string;
  /** @throws ConfigurationError naming the key */
  parse(text: string): T;
}

interface Spec<T> {
  readonly defaultValue: T;
  readonly description: string;
  readonly aliases?: readonly string[];
}

function bad(key: string, text: string, wanted: string): ConfigurationError {
  return new ConfigurationError(`${key}: "${text}" is not ${wanted}`);
}

/** A whole number; `min` is the smallest allowed, `max` the largest. */
export function intOption(
  key: string,
  spec: Spec<number> & { readonly min?: number; readonly max?: number },
): ConfigOption<number> {
  const { min = 0, max = Number.POSITIVE_INFINITY } = spec;
  const parse = (text: string): number => {
    const value = Number(text);
    if (text.trim() === '' || !Number.isInteger(value) || value < min)
      throw bad(key, text, `a whole number of at least ${min}`);
    if (value > max) throw bad(key, text, `at most ${max}`);
    return value;
  };
  return { ...base(key, spec), type: 'integer', parse };
}

export function optionalIntOption(
  key: string,
  spec: Spec<number | undefined>,
): ConfigOption<number | undefined> {
  const whole = intOption(key, { ...spec, defaultValue: 0, min: 1 });
  // -1 is Flink's spelling of "derive it".
  return {
    ...base(key, spec),
    type: 'integer',
    parse: (text) => (text.trim() === '-1' ? undefined : whole.parse(text)),
  };
}

/** A number, or `infinite`. */
export function numberOption(key: string, spec: Spec<number>): ConfigOption<number> {
  const parse = (text: string): number => {
    if (/^(infinite|infinity|max)$/i.test(text.trim())) return Number.POSITIVE_INFINITY;
    const value = Number(text);
    if (text.trim() !== '' && Number.isFinite(value) && value >= 0) return value;
    throw bad(key, text, 'a number of at least 0');
  };
  return { ...base(key, spec), type: 'number', parse };
}

/** Milliseconds, written as `500`, `10 s`, `5 min`, ... */
export function durationOption(key: string, spec: Spec<number>): ConfigOption<number> {
  const parse = (text: string): number => {
    try {
      return toMillis(text, key);
    } catch (cause) {
      throw new ConfigurationError((cause as Error).message, { cause });
    }
  };
  return { ...base(key, spec), type: 'duration', parse };
}

const MEMORY_UNITS: Readonly<Record<string, number>> = {
  '': 1,
  b: 1,
  bytes: 1,
  k: 1024,
  kb: 1024,
  kib: 1024,
  m: 1024 ** 2,
  mb: 1024 ** 2,
  mib: 1024 ** 2,
  g: 1024 ** 3,
  gb: 1024 ** 3,
  gib: 1024 ** 3,
  t: 1024 ** 4,
  tb: 1024 ** 4,
  tib: 1024 ** 4,
};

/** Bytes, written as `4194304`, `64 kb`, `128m`, `2 gb`: units are powers of 1024. `min` and `max` are in bytes. */
export function memoryOption<T extends number | undefined>(
  key: string,
  spec: Spec<T> & { readonly min?: number; readonly max?: number },
): ConfigOption<number | T> {
  const { min = 0, max = Number.POSITIVE_INFINITY } = spec;
  const parse = (text: string): number => {
    const match = /^\s*(\d+(?:\.\d+)?)\s*([a-z]*)\s*$/i.exec(text);
    const unit = MEMORY_UNITS[(match?.[2] ?? '').toLowerCase()];
    if (match === null || unit === undefined)
      throw bad(key, text, 'a size of memory; write for example 32 kb, 128 mb, 2 gb, or bytes');
    const bytes = Math.floor(Number(match[1]) * unit);
    if (bytes < min) throw bad(key, text, `at least ${min} bytes`);
    if (bytes > max) throw bad(key, text, `at most ${max} bytes`);
    return bytes;
  };
  return { ...base<number | T>(key, spec), type: 'memory', parse };
}

/**
 * A key of Flink's that has no meaning here: setting it is refused with `reason`, which says why and what to do instead.
 * `harmless` values ask for what Millrace does anyway, and are taken.
 */
export function refusedOption(
  key: string,
  spec: {
    readonly reason: string;
    readonly harmless?: readonly string[];
    readonly aliases?: readonly string[];
  },
): ConfigOption<undefined> {
  const { reason, harmless = [] } = spec;
  const parse = (text: string): undefined => {
    if (harmless.includes(text.trim().toLowerCase())) return undefined;
    throw new ConfigurationError(`${key}: "${text}" is refused: ${reason}`);
  };
  const taken =
    harmless.length === 0 ? '' : ` Only ${harmless.map((value) => `\`${value}\``).join(', ')} is taken.`;
  const described = { ...spec, defaultValue: undefined, description: `Refused: ${reason}.${taken}` };
  return { ...base<undefined>(key, described), type: 'refused', parse };
}

/** As `durationOption`; unset means that there is none. */
export function optionalDurationOption(
  key: string,
  spec: Spec<number | undefined>,
): ConfigOption<number | undefined> {
  const duration = durationOption(key, { ...spec, defaultValue: 0 });
  return { ...base(key, spec), type: 'duration', parse: (text) => duration.parse(text) };
}

export function booleanOption(key: string, spec: Spec<boolean>): ConfigOption<boolean> {
  const parse = (text: string): boolean => {
    const value = text.trim().toLowerCase();
    if (value === 'true' || value === 'false') return value === 'true';
    throw bad(key, text, 'true or false');
  };
  return { ...base(key, spec), type: 'boolean', parse };
}

export function stringOption<T extends string | undefined>(
  key: string,
  spec: Spec<T>,
): ConfigOption<string | T> {
  return { ...base<string | T>(key, spec), type: 'text', parse: (text) => text };
}

/** A text that is never shown. */
export function secretOption(
  key: string,
  spec: Omit<Spec<undefined>, 'defaultValue'>,
): ConfigOption<Secret | undefined> {
  const described = { ...spec, defaultValue: undefined };
  return { ...base<Secret | undefined>(key, described), type: 'secret', parse: (text) => new Secret(text) };
}

/** Whole numbers of at least 1 by name, written as `a:4,b:2`. */
export function countsOption(
  key: string,
  spec: Omit<Spec<ReadonlyMap<string, number>>, 'defaultValue'>,
): ConfigOption<ReadonlyMap<string, number>> {
  const parse = (text: string): ReadonlyMap<string, number> =>
    new Map(
      text
        .split(/[,;]/)
        .filter((part) => part.trim() !== '')
        .map((part) => {
          const match = /^\s*([^:\s]+)\s*:\s*([1-9]\d{0,5})\s*$/.exec(part);
          if (match === null)
            throw bad(key, text, 'a list of names with numbers; write for example a1b2:4,c3d4:2');
          return [match[1] as string, Number(match[2])] as const;
        }),
    );
  return { ...base(key, { ...spec, defaultValue: new Map() }), type: 'name:number,...', parse };
}

/**
 * One of several words; case, `-` and `_` do not matter. `words` maps spellings to the value, `refused` other words that
 * Flink knows to the reason why they are refused.
 */
export function enumOption<T extends string>(
  key: string,
  spec: Spec<T> & {
    readonly words: Readonly<Record<string, T>>;
    readonly refused?: Readonly<Record<string, string>>;
  },
): ConfigOption<T> {
  const fold = (text: string): string => text.trim().toLowerCase().replaceAll('_', '-');
  const parse = (text: string): T => {
    const value = spec.words[fold(text)];
    if (value !== undefined && Object.hasOwn(spec.words, fold(text))) return value;
    const reason = Object.hasOwn(spec.refused ?? {}, fold(text)) ? spec.refused?.[fold(text)] : undefined;
    if (reason !== undefined) throw new ConfigurationError(`${key}: "${text}" is refused: ${reason}`);
    throw bad(key, text, `one of ${[...new Set(Object.keys(spec.words))].join(', ')}`);
  };
  return { ...base(key, spec), type: [...new Set(Object.values(spec.words))].join(' | '), parse };
}

function base<T>(key: string, spec: Spec<T>): Omit<ConfigOption<T>, 'type' | 'parse'> {
  return { key, aliases: spec.aliases ?? [], defaultValue: spec.defaultValue, description: spec.description };
}
