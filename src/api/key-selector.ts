import { UserError } from '../base/errors.ts';
import type { Key, KeySelector, PrimitiveKey } from '../functions/basic.ts';

/** Names of the fields of `T` that can be keys. */
export type KeyFields<T> = { [F in keyof T]-?: T[F] extends Key ? F : never }[keyof T];

/** Names of the fields of `T` that hold numbers. */
export type NumberFields<T> = { [F in keyof T]-?: T[F] extends number ? F : never }[keyof T];

/** The names in the arguments of `keyBy`; undefined where a function makes the key. */
export function keyFieldsOf(keys: readonly unknown[]): readonly string[] | undefined {
  return typeof keys[0] === 'function' ? undefined : keys.map(String);
}

/** One selector from a function, a field's name, or several names (a composite key). */
export function keySelectorOf<T>(keys: readonly (PropertyKey | KeySelector<T>)[]): KeySelector<T> {
  const [first, ...rest] = keys;
  if (typeof first === 'function' && rest.length === 0) return first;
  const fields = keys.map((key) => {
    if (typeof key === 'string' || typeof key === 'number') return key as keyof T;
    throw new UserError('keyBy takes one function, or names of fields');
  });
  const only = fields[0];
  if (only === undefined) throw new UserError('keyBy needs a function or the name of a field');
  if (fields.length === 1) return (value) => value[only] as Key;
  return (value) => fields.map((field) => value[field] as PrimitiveKey);
}
