import { ConfigurationError } from '../base/errors.ts';
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

/** A whole number; `min` is the smallest allowed. */
export function intOption(key: string, spec: Spec<number> & { readonly min?: number }): ConfigOption<number> {
  const { min = 0 } = spec;
  const parse = (text: string): number => {
    const value = Number(text);
    if (text.trim() !== '' && Number.isInteger(value) && value >= min) return value;
    throw bad(key, text, `a whole number of at least ${min}`);
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

export function booleanOption(key: string, spec: Spec<boolean>): ConfigOption<boolean> {
  const parse = (text: string): boolean => {
    const value = text.trim().toLowerCase();
    if (value === 'true' || value === 'false') return value === 'true';
    throw bad(key, text, 'true or false');
  };
  return { ...base(key, spec), type: 'boolean', parse };
}

/** A switch of Flink's that has no meaning here: off is accepted, on is refused with `description` as the reason. */
export function refusedOption(key: string, description: string): ConfigOption<boolean> {
  const option = booleanOption(key, { defaultValue: false, description });
  const parse = (text: string): boolean => {
    if (option.parse(text)) throw new ConfigurationError(`${key}: true is not supported. ${description}`);
    return false;
  };
  return { ...option, parse };
}

export function stringOption<T extends string | undefined>(
  key: string,
  spec: Spec<T>,
): ConfigOption<string | T> {
  return { ...base<string | T>(key, spec), type: 'text', parse: (text) => text };
}

/** One of several words; case, `-` and `_` do not matter. `words` maps spellings to the value. */
export function enumOption<T extends string>(
  key: string,
  spec: Spec<T> & { readonly words: Readonly<Record<string, T>> },
): ConfigOption<T> {
  const fold = (text: string): string => text.trim().toLowerCase().replaceAll('_', '-');
  const parse = (text: string): T => {
    const value = spec.words[fold(text)];
    if (value !== undefined && Object.hasOwn(spec.words, fold(text))) return value;
    throw bad(key, text, `one of ${[...new Set(Object.keys(spec.words))].join(', ')}`);
  };
  return { ...base(key, spec), type: [...new Set(Object.values(spec.words))].join(' | '), parse };
}

function base<T>(key: string, spec: Spec<T>): Omit<ConfigOption<T>, 'type' | 'parse'> {
  return { key, aliases: spec.aliases ?? [], defaultValue: spec.defaultValue, description: spec.description };
}
