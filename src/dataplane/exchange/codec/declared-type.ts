import { SHAPE_DEPTH_MAX } from '../../../base/limits.ts';
import type { TypeDescriptor } from '../../../functions/types/index.ts';
import { ABSENT } from './record-type.ts';
import type { RecordType } from './record-type.ts';

/** What generated code makes of a declared type; undefined where another format has the say. */
export function recordTypeOf(type: TypeDescriptor): RecordType | undefined {
  return type.kind === 'external' ? undefined : convert(type, 0);
}

/**
 * A record type of some fields only, in the order in which they are declared.
 * @returns undefined where the type has no such fields
 */
export function projectedType(type: TypeDescriptor, fields: readonly string[]): TypeDescriptor | undefined {
  if (type.kind !== 'record') return undefined;
  const kept = type.fields.filter(({ name }) => fields.includes(name));
  return kept.length === fields.length ? { kind: 'record', fields: kept } : undefined;
}

function convert(type: TypeDescriptor, depth: number): RecordType {
  const absent = ABSENT.never;
  const part = (of: TypeDescriptor): RecordType => convert(of, depth + 1);
  if (depth > SHAPE_DEPTH_MAX) return { kind: 'any', absent };
  switch (type.kind) {
    case 'string':
    case 'int':
    case 'long':
    case 'boolean':
    case 'bigint':
    case 'date':
      return { kind: type.kind, absent };
    case 'double':
      return { kind: 'number', absent };
    case 'generic':
    case 'external':
      return { kind: 'any', absent };
    case 'bytes':
      return { kind: type.kind, of: type.of, absent };
    case 'array':
    case 'set':
      return { kind: type.kind, item: part(type.item), absent };
    case 'map':
      return { kind: type.kind, key: part(type.key), item: part(type.value), absent };
    case 'tuple':
      return { kind: type.kind, items: type.items.map(part), absent };
    case 'record': {
      const fields = type.fields.map(({ name, type: field }) => ({ name, type: part(field) }));
      return { kind: 'object', fields, absent };
    }
    case 'nullable':
      return allowing(convert(type.of, depth), ABSENT.null);
    case 'optional':
      return allowing(convert(type.of, depth), ABSENT.undefined | ABSENT.missing);
  }
}

function allowing(type: RecordType, absent: number): RecordType {
  return { ...type, absent: type.absent | absent };
}
