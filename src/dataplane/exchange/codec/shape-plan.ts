import { BYTES_CLASSES } from './record-type.ts';
import type { BytesClass, RecordType } from './record-type.ts';

/**
 * How a column is held while a run is encoded or decoded: `ints` for lengths, flags and tags of null; `numbers`; `bigints`;
 * `values` of mixed types, for the fallback codec; `blobs` for the memory of typed arrays.
 */
export type ColumnStorage = 'ints' | 'numbers' | 'bigints' | 'values' | 'blobs';

export interface Column {
  readonly storage: ColumnStorage;
  /** One entry per record; else as many as nested values occurred. */
  readonly perRecord: boolean;
}

/** A type with the columns of its values. */
export type PlanNode = (
  | { readonly kind: 'nothing' }
  | { readonly kind: 'number' | 'string' | 'boolean' | 'bigint' | 'date' | 'any'; readonly column: number }
  | { readonly kind: 'bytes'; readonly of: BytesClass; readonly column: number; readonly blobs: number }
  | {
      readonly kind: 'object';
      readonly fields: readonly { readonly name: string; readonly node: PlanNode }[];
    }
  | { readonly kind: 'array' | 'set'; readonly column: number; readonly item: PlanNode }
  | { readonly kind: 'map'; readonly column: number; readonly key: PlanNode; readonly item: PlanNode }
) & {
  /** Column that says which values are null (1) or undefined (2), where some may be. */
  readonly tags: number | undefined;
};

/** A shape: the columns of its records, in the order in which they stand in a payload. */
export interface ShapePlan {
  readonly root: PlanNode;
  readonly columns: readonly Column[];
}

const STORAGE = {
  number: 'numbers',
  date: 'numbers',
  string: 'ints',
  boolean: 'ints',
  bigint: 'bigints',
  any: 'values',
} as const satisfies Record<string, ColumnStorage>;

export function planShape(type: RecordType): ShapePlan {
  const columns: Column[] = [];
  const add = (storage: ColumnStorage, perRecord: boolean): number =>
    columns.push({ storage, perRecord }) - 1;
  const plan = (of: RecordType, perRecord: boolean): PlanNode => {
    const tags = of.nullable ? add('ints', perRecord) : undefined;
    const own = perRecord && !of.nullable;
    switch (of.kind) {
      case 'nothing':
        return { kind: of.kind, tags };
      case 'number':
      case 'string':
      case 'boolean':
      case 'bigint':
      case 'date':
      case 'any':
        return { kind: of.kind, tags, column: add(STORAGE[of.kind], own) };
      case 'bytes':
        return { kind: of.kind, tags, of: of.of, column: add('ints', own), blobs: add('blobs', own) };
      case 'object':
        return {
          kind: of.kind,
          tags,
          fields: of.fields.map(({ name, type: field }) => ({ name, node: plan(field, own) })),
        };
      case 'array':
      case 'set':
        return { kind: of.kind, tags, column: add('ints', own), item: plan(of.item, false) };
      case 'map':
        return {
          kind: of.kind,
          tags,
          column: add('ints', own),
          key: plan(of.key, false),
          item: plan(of.item, false),
        };
    }
  };
  return { root: plan(type, true), columns };
}

/** A type as text, to stand in payloads, ASCII only: `typeOfDefinition` gives it back. */
export function definitionOf(type: RecordType): string {
  return JSON.stringify(type).replaceAll(
    /[^\u0020-\u007e]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** @throws Error when the text is no definition */
export function typeOfDefinition(definition: string): RecordType {
  return checkedType(JSON.parse(definition));
}

/** What is not a type must not reach the generator of code. */
function checkedType(from: unknown): RecordType {
  if (!isRecord(from)) throw new Error('not a record type');
  const { kind, nullable } = from;
  if (typeof nullable !== 'boolean') throw new Error('a record type without nullable');
  switch (kind) {
    case 'nothing':
    case 'number':
    case 'string':
    case 'boolean':
    case 'bigint':
    case 'date':
    case 'any':
      return { kind, nullable };
    case 'bytes': {
      const of = Object.keys(BYTES_CLASSES).find((name) => name === from['of']);
      if (of === undefined) throw new Error(`no typed array is called ${String(from['of'])}`);
      return { kind, nullable, of: of as BytesClass };
    }
    case 'object':
      return { kind, nullable, fields: checkedFields(from['fields']) };
    case 'array':
    case 'set':
      return { kind, nullable, item: checkedType(from['item']) };
    case 'map':
      return { kind, nullable, key: checkedType(from['key']), item: checkedType(from['item']) };
    default:
      throw new Error(`no record type is of kind ${String(kind)}`);
  }
}

function checkedFields(from: unknown): { readonly name: string; readonly type: RecordType }[] {
  if (!Array.isArray(from)) throw new Error('an object type without fields');
  return from.map((field: unknown) => {
    if (!isRecord(field) || typeof field['name'] !== 'string' || field['name'] === '__proto__')
      throw new Error('a field without a proper name');
    return { name: field['name'], type: checkedType(field['type']) };
  });
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
