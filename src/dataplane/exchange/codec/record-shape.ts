import { types } from 'node:util';
import { THREAD_SHAPES_MAX } from '../../../base/limits.ts';
import { BYTES_CLASSES } from '../../../functions/types/index.ts';
import { decoderSource } from './decoder-source.ts';
import { encoderSource } from './encoder-source.ts';
import type { TextReader } from './payload-reader.ts';
import { isPlain } from '../../../base/plain-value.ts';
import type { RecordType } from './record-type.ts';
import type { ShapeRun } from './shape-run.ts';
import { definitionOf, planShape, typeOfDefinition } from './shape-plan.ts';
import type { ShapePlan } from './shape-plan.ts';

/** See encoder-source.ts. */
export type EncodeRecords = (values: readonly unknown[], from: number, to: number, run: ShapeRun) => number;

/** A column in the form in which generated decoders read it. */
export type DecodedColumn = Int32Array | Float64Array | BigInt64Array | readonly unknown[];

/** See decoder-source.ts. */
export type DecodeRecords = (
  columns: readonly DecodedColumn[],
  counts: Int32Array,
  texts: TextReader,
  count: number,
  into: unknown[],
) => void;

/** Variants of a decoder that are generated before one for all classes of columns has to do. */
const VARIANTS_MAX = 8;

/** The code for records of one type; shared by all channels of a thread. */
export class RecordShape {
  readonly type: RecordType;
  readonly definition: string;
  readonly definitionBytes: Uint8Array;
  readonly plan: ShapePlan;
  readonly #decoders = new Map<string, DecodeRecords>();
  #encode: EncodeRecords | undefined;
  #encodeProjected: EncodeRecords | undefined;

  private constructor(type: RecordType, definition: string) {
    this.type = type;
    this.definition = definition;
    this.definitionBytes = Buffer.from(definition, 'latin1');
    this.plan = planShape(type);
  }

  static readonly #kept = new Map<string, RecordShape>();

  static of(type: RecordType): RecordShape {
    return RecordShape.ofDefinition(definitionOf(type), type);
  }

  /** @throws Error when the text is no definition */
  static ofDefinition(definition: string, type?: RecordType): RecordShape {
    const kept = RecordShape.#kept;
    let shape = kept.get(definition);
    if (shape !== undefined) return shape;
    shape = new RecordShape(type ?? typeOfDefinition(definition), definition);
    const [oldest] = kept.keys();
    if (kept.size >= THREAD_SHAPES_MAX && oldest !== undefined) kept.delete(oldest);
    kept.set(definition, shape);
    return shape;
  }

  /** @param projecting for records that have further fields, see encoder-source.ts */
  encoder(projecting: boolean): EncodeRecords {
    if (projecting) return (this.#encodeProjected ??= this.#newEncoder(true));
    return (this.#encode ??= this.#newEncoder(false));
  }

  #newEncoder(projecting: boolean): EncodeRecords {
    return generate(encoderSource(this.plan, projecting), { types, isPlain }) as EncodeRecords;
  }

  /** @param wholeNumbers one character per column of numbers: whether they come as whole numbers */
  decoder(wholeNumbers: string): DecodeRecords {
    const mark = this.#decoders.size < VARIANTS_MAX ? wholeNumbers : 'any';
    let decode = this.#decoders.get(wholeNumbers) ?? this.#decoders.get(mark);
    if (decode === undefined) {
      decode = generate(decoderSource(this.plan, mark), { ...BYTES_CLASSES, bytesOf }) as DecodeRecords;
      this.#decoders.set(mark, decode);
    }
    return decode;
  }
}

/**
 * Makes a function from source that was generated from a checked type: names of fields stand in it as string literals only.
 * @param names what the source may use beside the language
 */
function generate(source: string, names: Readonly<Record<string, unknown>>): unknown {
  // oxlint-disable-next-line typescript/no-implied-eval -- code per shape is what makes the codec fast; see above for why it is safe
  const create = new Function(...Object.keys(names), source) as (...values: unknown[]) => unknown;
  return create(...Object.values(names));
}

/** A typed array with memory of its own from bytes that will be overwritten. */
function bytesOf(
  constructor: (typeof BYTES_CLASSES)[keyof typeof BYTES_CLASSES],
  bytes: Uint8Array,
): ArrayBufferView {
  const memory = new ArrayBuffer(bytes.byteLength);
  new Uint8Array(memory).set(bytes);
  return new constructor(memory);
}
