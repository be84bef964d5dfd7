import { NO_TIMESTAMP } from '../../../base/time.ts';
import type { TypeSerializer } from '../../../functions/types/index.ts';
import type { RecordBatch } from '../channel.ts';
import { ChannelCorruptError } from '../errors.ts';
import type { MsgpackBatchCodec } from './msgpack-codec.ts';
import { PayloadReader } from './payload-reader.ts';
import { RecordShape } from './record-shape.ts';
import { ShapeColumns } from './shape-columns.ts';
import { PART } from './shape-run.ts';
import { readValues } from './values-column.ts';

/** Flag of a payload: timestamps stand before its parts. */
export const WITH_TIMESTAMPS = 1;
/** Shapes of which a decoder keeps the columns. */
const KEPT_COLUMNS = 64;

/** Reads what a LearnedCodec wrote, whatever it wrote before. */
export class PayloadDecoder {
  readonly #fallback: MsgpackBatchCodec;
  readonly #serializer: TypeSerializer | undefined;
  readonly #reader = new PayloadReader();
  readonly #columns = new Map<string, ShapeColumns>();
  #times = new Float64Array(0);
  #wholeTimes = new Int32Array(0);

  /** @param serializer of the declared type, where another format has the say */
  constructor(fallback: MsgpackBatchCodec, serializer: TypeSerializer | undefined) {
    this.#fallback = fallback;
    this.#serializer = serializer;
  }

  /** @throws Error when the payload does not hold `count` records */
  decode(payload: Uint8Array, count: number): RecordBatch {
    const reader = this.#reader;
    reader.open(payload);
    const timed = (reader.header() & WITH_TIMESTAMPS) !== 0;
    const parts = reader.second;
    const timestamps = timed ? this.#readTimes(count) : untimed(count);
    if (parts === 1) return { kind: 'records', values: this.#readPart(count), timestamps };
    // Parts may be read into the same memory, the order of records is needed until the end.
    const partOf = new Uint8Array(reader.raw(count));
    const values = Array.from({ length: parts }, () => this.#readPart(undefined));
    return { kind: 'records', values: interleave(values, partOf), timestamps };
  }

  #readTimes(count: number): number[] {
    const times = this.#reader.numbers(this.#wholeTimes, this.#times);
    if (this.#reader.second !== count) throw wrongCount(this.#reader.second, count);
    if (times instanceof Int32Array) this.#wholeTimes = times;
    else this.#times = times;
    const timestamps: number[] = [];
    timestamps.length = count;
    for (let index = 0; index < count; index += 1) timestamps[index] = times[index] as number;
    return timestamps;
  }

  #readPart(expected: number | undefined): unknown[] {
    const values = this.#readValues();
    if (expected !== undefined && values.length !== expected) throw wrongCount(values.length, expected);
    return values;
  }

  #readValues(): unknown[] {
    const kind = this.#reader.header();
    switch (kind) {
      case PART.shaped:
        return this.#readShaped();
      case PART.fallback:
        return readValues(this.#reader, this.#fallback);
      case PART.external:
        return this.#readExternal();
      default:
        throw new ChannelCorruptError('', `no part of a payload is of kind ${kind}`);
    }
  }

  #readExternal(): unknown[] {
    const count = this.#reader.header();
    const bytes = this.#reader.raw(this.#reader.second);
    if (this.#serializer === undefined)
      throw new ChannelCorruptError('', 'records of a format that this end does not know');
    const values = this.#serializer.decode(bytes, count);
    if (values.length !== count) throw wrongCount(values.length, count);
    return values;
  }

  #readShaped(): unknown[] {
    const reader = this.#reader;
    const records = reader.header();
    const definition = reader.raw(reader.second).toString('latin1');
    let columns = this.#columns.get(definition);
    if (columns === undefined) {
      if (this.#columns.size >= KEPT_COLUMNS) this.#columns.clear();
      columns = new ShapeColumns(RecordShape.ofDefinition(definition));
      this.#columns.set(definition, columns);
    }
    return columns.read(reader, records, this.#fallback);
  }
}

function untimed(count: number): number[] {
  const timestamps: number[] = [];
  timestamps.length = count;
  return timestamps.fill(NO_TIMESTAMP);
}

/** The records of all parts in their order. */
function interleave(parts: readonly (readonly unknown[])[], partOf: Uint8Array): unknown[] {
  const next = new Int32Array(parts.length);
  const values: unknown[] = [];
  values.length = partOf.length;
  for (let index = 0; index < partOf.length; index += 1) {
    const part = Math.min(partOf[index] as number, parts.length - 1);
    const from = parts[part] as readonly unknown[];
    const at = next[part] as number;
    if (at >= from.length) throw wrongCount(from.length, at + 1);
    values[index] = from[at];
    next[part] = at + 1;
  }
  return values;
}

function wrongCount(got: number, expected: number): ChannelCorruptError {
  return new ChannelCorruptError('', `${got} records where there should be ${expected}`);
}
