import { TypeInformation } from '../functions/types/index.ts';
import type { OperatorTraits } from '../graph/stream-graph.ts';

/** Of operators that hand records on as they are, or with other values of the same kinds. */
export const SAME_TYPE: OperatorTraits = { deriveType: (input) => input };

/** Of operators that put each record into one field of another; types of other formats have no place there. */
export function fieldOf(name: string): OperatorTraits {
  return {
    deriveType: ({ descriptor: type }) =>
      type.kind === 'external'
        ? undefined
        : new TypeInformation({ kind: 'record', fields: [{ name, type }] }),
  };
}

/** The type of records with these fields only; undefined where the input's is no record, or lacks one of them. */
export function projectedType(
  input: TypeInformation<unknown>,
  fields: readonly string[],
): TypeInformation<unknown> | undefined {
  const { descriptor } = input;
  if (descriptor.kind !== 'record') return undefined;
  const kept = fields.map((name) => descriptor.fields.find((field) => field.name === name));
  if (kept.includes(undefined)) return undefined;
  return new TypeInformation({ kind: 'record', fields: kept.filter((field) => field !== undefined) });
}

/** What an operator reads of its records; nothing is known of it where a function makes the key. */
export function fieldUse(
  keyFields: readonly string[] | undefined,
  fields: readonly PropertyKey[],
  passesOn: boolean,
): OperatorTraits {
  return keyFields === undefined
    ? {}
    : { fieldUse: { fields: [...keyFields, ...fields.map(String)], passesOn } };
}
