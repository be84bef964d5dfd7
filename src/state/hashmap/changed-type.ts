import { descriptorFromJson } from '../../functions/types/descriptor.ts';
import type { TypeDescriptor } from '../../functions/types/descriptor.ts';

/** Numbers that hold all of those before. */
const WIDER = ['int', 'long', 'double'];

/**
 * Whether values of a declared type that a snapshot holds are values of the type that is declared now.
 * @param saved, now the canonical JSON of the two types
 * @returns what does not fit, in words; undefined where all of it does
 */
export function typeMisfit(saved: string, now: string): string | undefined {
  if (saved === now) return undefined;
  return misfit(descriptorFromJson(saved), descriptorFromJson(now), 'its values');
}

function misfit(saved: TypeDescriptor, now: TypeDescriptor, what: string): string | undefined {
  if (now.kind === 'generic' || saved.kind === 'generic') return undefined;
  if (now.kind === 'optional' || now.kind === 'nullable')
    return misfit(saved.kind === now.kind ? saved.of : saved, now.of, what);
  switch (saved.kind) {
    case 'optional':
    case 'nullable':
      return `${what} may have been ${saved.kind === 'nullable' ? 'null' : 'missing'}, and may not be now`;
    case 'record':
      return now.kind === 'record' ? fieldMisfit(saved.fields, now.fields, what) : differ(saved, now, what);
    case 'array':
    case 'set':
      return now.kind === saved.kind
        ? misfit(saved.item, now.item, `items of ${what}`)
        : differ(saved, now, what);
    case 'map':
      return now.kind === 'map'
        ? (misfit(saved.key, now.key, `keys of ${what}`) ??
            misfit(saved.value, now.value, `values of ${what}`))
        : differ(saved, now, what);
    case 'tuple':
      return now.kind === 'tuple' ? itemMisfit(saved.items, now.items, what) : differ(saved, now, what);
    case 'bytes':
      return now.kind === 'bytes' && now.of === saved.of ? undefined : differ(saved, now, what);
    case 'external': {
      const isSame = now.kind === 'external' && now.format === saved.format && now.schema === saved.schema;
      return isSame ? undefined : `the schema (${saved.format}) of ${what} has changed`;
    }
    case 'int':
    case 'long':
    case 'double':
    case 'string':
    case 'boolean':
    case 'bigint':
    case 'date': {
      const from = WIDER.indexOf(saved.kind);
      const isWider = from >= 0 && WIDER.indexOf(now.kind) >= from;
      return now.kind === saved.kind || isWider ? undefined : differ(saved, now, what);
    }
  }
}

type Fields = Extract<TypeDescriptor, { readonly kind: 'record' }>['fields'];

function fieldMisfit(saved: Fields, now: Fields, what: string): string | undefined {
  const present = new Map(now.map(({ name, type }) => [name, type]));
  for (const { name, type } of saved) {
    const declared = present.get(name);
    if (declared === undefined) return `field "${name}" of ${what} is gone (Migrations.remove, or rename)`;
    const found = misfit(type, declared, `field "${name}" of ${what}`);
    if (found !== undefined) return found;
    present.delete(name);
  }
  for (const [name, { kind }] of present)
    if (kind !== 'optional') return `field "${name}" of ${what} is new (Migrations.add, or Types.optional)`;
  return undefined;
}

function itemMisfit(
  saved: readonly TypeDescriptor[],
  now: readonly TypeDescriptor[],
  what: string,
): string | undefined {
  if (saved.length !== now.length) return `${what} had ${saved.length} items and have ${now.length} now`;
  for (const [index, type] of saved.entries()) {
    const found = misfit(type, now[index] as TypeDescriptor, `item ${index} of ${what}`);
    if (found !== undefined) return found;
  }
  return undefined;
}

function differ(saved: TypeDescriptor, now: TypeDescriptor, what: string): string {
  return `${what} were saved as ${saved.kind} and are declared as ${now.kind}`;
}
