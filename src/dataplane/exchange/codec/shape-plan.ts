import { BYTES_CLASSES } from '../../../functions/types/index.ts';
import type { BytesClass } from '../../../functions/types/index.ts';
import { ABSENT } from './record-type.ts';
import type { LeafKind, RecordType } from './record-type.ts';

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
  | { readonly kind: LeafKind; readonly column: number }
  | { readonly kind: 'bytes'; readonly of: BytesClass; readonly column: number; readonly blobs: number }
  | {
      readonly kind: 'object';
      readonly fields: readonly { readonly name: string; readonly node: PlanNode }[];
    }
  | { readonly kind: 'array' | 'set'; readonly column: number; readonly item: PlanNode }
  | { readonly kind: 'map'; readonly column: number; readonly key: PlanNode; readonly item: PlanNode }
  | { readonly kind: 'tuple'; readonly items: readonly PlanNode[] }
) & {
  /** What may stand for a value: a sum of `ABSENT`. */
  readonly absent: number;
  /** Column that says which values are absent, as one of `TAG`, where some may be. */
  readonly tags: number | undefined;
};

export const TAG = { present: 0, null: 1, undefined: 2, missing: 3 } as const;

/** A shape: the columns of its records, in the order in which they stand in a payload. */
export interface ShapePlan {
  readonly root: PlanNode;
  readonly columns: readonly Column[];
}

const ABSENT_ALL = ABSENT.null | ABSENT.undefined | ABSENT.missing;

const STORAGE = {
  number: 'numbers',
  int: 'ints',
  long: 'numbers',
  date: 'numbers',
  string: 'ints',
  boolean: 'ints',
  bigint: 'bigints',
  any: 'values',
} as const satisfies Record<LeafKind, ColumnStorage>;

export function planShape(type: RecordType): ShapePlan {
  const columns: Column[] = [];
  const add = (storage: ColumnStorage, perRecord: boolean): number =>
    columns.push({ storage, perRecord }) - 1;
  const plan = (of: RecordType, perRecord: boolean): PlanNode => {
    const { absent } = of;
    const tags = absent === ABSENT.never ? undefined : add('ints', perRecord);
    const own = perRecord && tags === undefined;
    switch (of.kind) {
      case 'nothing':
        return { kind: of.kind, absent, tags };
      case 'number':
      case 'int':
      case 'long':
      case 'string':
      case 'boolean':
      case 'bigint':
      case 'date':
      case 'any':
        return { kind: of.kind, absent, tags, column: add(STORAGE[of.kind], own) };
      case 'bytes':
        return { kind: of.kind, absent, tags, of: of.of, column: add('ints', own), blobs: add('blobs', own) };
      case 'object': {
        const fields = of.fields.map(({ name, type: field }) => ({ name, node: plan(field, own) }));
        return { kind: of.kind, absent, tags, fields };
      }
      case 'tuple':
        return { kind: of.kind, absent, tags, items: of.items.map((item) => plan(item, own)) };
      case 'array':
      case 'set':
        return { kind: of.kind, absent, tags, column: add('ints', own), item: plan(of.item, false) };
      case 'map': {
        const column = add('ints', own);
        return { kind: of.kind, absent, tags, column, key: plan(of.key, false), item: plan(of.item, false) };
      }
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
  const { kind, absent } = from;
  if (typeof absent !== 'number' || (absent & ABSENT_ALL) !== absent)
    throw new Error('a record type that does not say what may be absent');
  switch (kind) {
    case 'nothing':
    case 'number':
    case 'int':
    case 'long':
    case 'string':
    case 'boolean':
    case 'bigint':
    case 'date':
    case 'any':
      return { kind, absent };
    case 'bytes': {
      const of = Object.keys(BYTES_CLASSES).find((name) => name === from['of']);
      if (of === undefined) throw new Error(`no typed array is called ${String(from['of'])}`);
      return { kind, absent, of: of as BytesClass };
    }
    case 'object':
      return { kind, absent, fields: checkedFields(listIn(from, 'fields')) };
    case 'array':
    case 'set':
      return { kind, absent, item: checkedType(from['item']) };
    case 'map':
      return { kind, absent, key: checkedType(from['key']), item: checkedType(from['item']) };
    case 'tuple':
      return { kind, absent, items: listIn(from, 'items').map(checkedType) };
    default:
      throw new Error(`no record type is of kind ${String(kind)}`);
  }
}

function checkedFields(from: readonly unknown[]): { readonly name: string; readonly type: RecordType }[] {
  return from.map((field: unknown) => {
    if (!isRecord(field) || typeof field['name'] !== 'string' || field['name'] === '__proto__')
      throw new Error('a field without a proper name');
    return { name: field['name'], type: checkedType(field['type']) };
  });
}

function listIn(from: Readonly<Record<string, unknown>>, part: string): readonly unknown[] {
  const list = from[part];
  if (!Array.isArray(list)) throw new Error(`a record type without its ${part}`);
  return list;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
