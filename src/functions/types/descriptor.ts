import { createHash } from 'node:crypto';
import { UserError } from '../../base/errors.ts';
import { BYTES_CLASSES } from './bytes-classes.ts';
import type { BytesClass } from './bytes-classes.ts';

/** Kinds of types that have no parts. */
export const LEAF_KINDS = [
  'string',
  'int',
  'long',
  'double',
  'boolean',
  'bigint',
  'date',
  'generic',
] as const;
export type LeafKind = (typeof LEAF_KINDS)[number];

/**
 * A declared type as plain data. `nullable` adds null; `optional` adds undefined and, for a field of a record, that the
 * field is missing; `external` is described by a schema of another format, in that format's own words.
 */
export type TypeDescriptor =
  | { readonly kind: LeafKind }
  | { readonly kind: 'bytes'; readonly of: BytesClass }
  | { readonly kind: 'array' | 'set'; readonly item: TypeDescriptor }
  | { readonly kind: 'map'; readonly key: TypeDescriptor; readonly value: TypeDescriptor }
  | { readonly kind: 'tuple'; readonly items: readonly TypeDescriptor[] }
  | { readonly kind: 'record'; readonly fields: readonly FieldDescriptor[] }
  | { readonly kind: 'nullable' | 'optional'; readonly of: TypeDescriptor }
  | { readonly kind: 'external'; readonly format: string; readonly schema: string };

/** A field of a record; an object of its own, so that later versions may say more of it. */
export interface FieldDescriptor {
  readonly name: string;
  readonly type: TypeDescriptor;
}

/** Of the JSON form. A reader refuses versions it does not know. */
const VERSION = 1;

/** The canonical form: equal descriptors give equal texts. */
export function descriptorToJson(type: TypeDescriptor): string {
  return JSON.stringify({ version: VERSION, type: checked(type) });
}

/** @throws UserError when the text is no type, or of a version that is not known */
export function descriptorFromJson(text: string): TypeDescriptor {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (cause) {
    throw new UserError('the description of a type is not JSON', { cause });
  }
  const { version, type } = parsed as { readonly version?: unknown; readonly type?: unknown };
  if (version !== VERSION)
    throw new UserError(`the description of a type has version ${String(version)}, known is ${VERSION}`);
  return checked(type);
}

/** Equal for equal types only: sha256 of the canonical form, in hex. */
export function fingerprintOf(type: TypeDescriptor): string {
  return createHash('sha256').update(descriptorToJson(type)).digest('hex');
}

/** A copy with its properties in canonical order. @throws UserError when `from` is no descriptor */
function checked(from: unknown): TypeDescriptor {
  const type = from as Record<string, unknown> | null;
  if (typeof type !== 'object' || type === null) throw new UserError('not the description of a type');
  const kind = String(type['kind']);
  const leaf = LEAF_KINDS.find((name) => name === kind);
  if (leaf !== undefined) return { kind: leaf };
  switch (kind) {
    case 'bytes': {
      const of = Object.keys(BYTES_CLASSES).find((name) => name === type['of']);
      if (of === undefined) throw new UserError(`no typed array is called ${String(type['of'])}`);
      return { kind: 'bytes', of: of as BytesClass };
    }
    case 'array':
    case 'set':
      return { kind, item: checked(type['item']) };
    case 'map':
      return { kind, key: checked(type['key']), value: checked(type['value']) };
    case 'tuple':
      return { kind, items: listIn(type, 'items').map(checked) };
    case 'record':
      return { kind, fields: checkedFields(listIn(type, 'fields')) };
    case 'nullable':
    case 'optional':
      return { kind, of: checked(type['of']) };
    case 'external':
      return { kind, format: String(type['format']), schema: String(type['schema']) };
    default:
      throw new UserError(`no type is of kind ${String(kind)}`);
  }
}

function checkedFields(fields: readonly unknown[]): FieldDescriptor[] {
  const names = new Set<string>();
  return fields.map((field) => {
    const { name, type } = field as Record<string, unknown>;
    if (typeof name !== 'string' || name === '__proto__' || names.has(name))
      throw new UserError(`"${String(name)}" cannot be the name of a field, or stands twice`);
    names.add(name);
    return { name, type: checked(type) };
  });
}

function listIn(type: Readonly<Record<string, unknown>>, part: string): readonly unknown[] {
  const list = type[part];
  if (!Array.isArray(list)) throw new UserError(`the description of a type lacks its ${part}`);
  return list;
}
