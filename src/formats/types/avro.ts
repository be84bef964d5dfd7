import { createRequire } from 'node:module';
import type * as Avsc from 'avsc';
import { UserError } from '../../base/errors.ts';
import { TypeInformation } from '../../functions/types/index.ts';
import type { TypeSerializer } from '../../functions/types/index.ts';
import { avroFits } from './avro-fits.ts';

type AvroType = Avsc.Type;

/**
 * Records of an Avro schema, encoded by avsc, batch at a time. A record arrives with equal fields or goes another way: one
 * that Avro would change (a `float` with more than 24 bits, half of a surrogate pair, a field left to its default) counts as
 * not of the type. Fields are in the order of the schema; `bytes` and `fixed` are Buffers.
 * @param schema as JSON or an object; its unions must have branches that differ in JavaScript
 * @throws UserError when it is no schema, or has an ambiguous union
 */
export function avroType<T>(schema: string | object): TypeInformation<T> {
  const avsc = createRequire(import.meta.url)('avsc') as typeof Avsc;
  let type: AvroType;
  try {
    const parsed = (
      typeof schema === 'string' && schema.startsWith('{') ? JSON.parse(schema) : schema
    ) as Avsc.Schema;
    type = avsc.Type.forSchema(parsed, { wrapUnions: 'never', omitRecordMethods: true });
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new UserError(`Types.avro: the schema cannot be used: ${reason}`, { cause });
  }
  makePlain(type, new Set());
  const text = JSON.stringify(type.schema({ exportAttrs: true }));
  return new TypeInformation<T>(
    { kind: 'external', format: 'avro', schema: text },
    new AvroSerializer(avsc, type),
  );
}

class AvroSerializer implements TypeSerializer {
  readonly #type: AvroType;
  readonly #batch: AvroType;

  constructor(avsc: typeof Avsc, type: AvroType) {
    this.#type = type;
    this.#batch = avsc.Type.forSchema({ type: 'array', items: type });
  }

  fits(value: unknown): boolean {
    return avroFits(this.#type, value);
  }

  encode(values: readonly unknown[]): Uint8Array {
    return this.#batch.toBuffer(values);
  }

  decode(bytes: Uint8Array): unknown[] {
    // A copy: avsc's bytes are views of what it reads.
    return this.#batch.fromBuffer(Buffer.from(bytes)) as unknown[];
  }
}

/** Lets avsc make plain objects, not instances of a class per schema. */
function makePlain(type: AvroType, seen: Set<AvroType>): void {
  if (seen.has(type)) return;
  seen.add(type);
  switch (type.typeName) {
    case 'record': {
      const record = type as Avsc.types.RecordType;
      const constructor = record.recordConstructor as { prototype: object };
      constructor.prototype = Object.prototype;
      for (const field of record.fields) makePlain(field.type, seen);
      return;
    }
    case 'array':
      return makePlain((type as Avsc.types.ArrayType).itemsType, seen);
    case 'map':
      return makePlain((type as Avsc.types.MapType).valuesType, seen);
    case 'union:unwrapped':
      for (const branch of (type as Avsc.types.UnwrappedUnionType).types) makePlain(branch, seen);
      return;
    case 'error':
      throw new UserError('Types.avro: "error" is for protocols; use "record"');
    default:
  }
}
