import { descriptorToJson, fingerprintOf } from './descriptor.ts';
import type { TypeDescriptor } from './descriptor.ts';

/** Values of one type as bytes, where another library decides how: Avro, Protobuf. Batch at a time. */
export interface TypeSerializer {
  /** Whether the value would arrive equal; others do not go this way. Cheap: called for each value. */
  fits(value: unknown): boolean;
  /** Values that fit. The result is valid until the next call. */
  encode(values: readonly unknown[]): Uint8Array;
  /** @throws Error when the bytes do not hold `count` values */
  decode(bytes: Uint8Array, count: number): unknown[];
}

/** A declared type: what `Types` gives. `T` is the type of its values in TypeScript. */
export class TypeInformation<out T> {
  readonly descriptor: TypeDescriptor;
  /** For types of kind `external`. */
  readonly serializer: TypeSerializer | undefined;
  declare readonly valueType?: T;
  #fingerprint: string | undefined;

  constructor(descriptor: TypeDescriptor, serializer?: TypeSerializer) {
    this.descriptor = descriptor;
    this.serializer = serializer;
  }

  /** The canonical JSON form, with its version; `descriptorFromJson` reads it. */
  toJson(): string {
    return descriptorToJson(this.descriptor);
  }

  /** Equal for equal types only. */
  get fingerprint(): string {
    this.#fingerprint ??= fingerprintOf(this.descriptor);
    return this.#fingerprint;
  }
}

/** A type whose field may be missing. */
export class OptionalType<out T> extends TypeInformation<T | undefined> {
  declare readonly mayBeMissing: true;
}

/** The TypeScript type of a declared type's values: `type Bid = TypeOf<typeof BID>`. */
export type TypeOf<I> = I extends TypeInformation<infer T> ? T : never;

/** The types of a record's fields. */
export type FieldTypes = Readonly<Record<string, TypeInformation<unknown>>>;

type Optional<F> = { [K in keyof F]: F[K] extends OptionalType<unknown> ? K : never }[keyof F];

/** The record that field types make. */
export type RecordOf<F extends FieldTypes> = Flat<
  { readonly [K in Exclude<keyof F, Optional<F>>]: TypeOf<F[K]> } & {
    readonly [K in Optional<F>]?: TypeOf<F[K]>;
  }
>;

/** One object type, as it reads best in an editor. */
type Flat<T> = { [K in keyof T]: T[K] };
