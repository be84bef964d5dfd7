import { NO_TIMESTAMP } from '../../../base/time.ts';
import type { RecordBatch } from '../channel.ts';
import { ChannelCorruptError } from '../errors.ts';
import type { BatchCodec, EncodedRun } from './batch-codec.ts';
import { hasTimestamps, MsgpackBatchCodec } from './msgpack-codec.ts';
import { PayloadReader } from './payload-reader.ts';
import { PayloadWriter } from './payload-writer.ts';
import { RecordShape } from './record-shape.ts';
import { ShapeColumns } from './shape-columns.ts';
import { ShapeLearner } from './shape-learner.ts';
import type { ShapeRun } from './shape-run.ts';
import { readValues, writeValues } from './values-column.ts';

/** Flag of a payload: timestamps stand before its parts. */
const WITH_TIMESTAMPS = 1;
/** Kinds of parts. */
const SHAPED = 0;
const FALLBACK = 1;
/** Stands for the fallback part, which is the last one. */
const UNFIT = 255;
/** Shapes of which a decoder keeps the columns. */
const KEPT_COLUMNS = 64;

/**
 * Records by generated code, column by column. The shapes of records (names and kinds of their fields) are learned from the
 * records themselves: the first ones decide, later ones that differ widen a shape or make a further one. Records that fit
 * none (class instances, cycles, functions ...) go through MessagePack, those alone, in their place. Shapes stand as text in
 * each payload that uses them, so that a payload needs nothing but itself to be read: after a restart, or when an earlier
 * one was never sent.
 *
 * Payload: u32 flags, u32 parts; timestamps; where there are several parts, the part of each record as u8; the parts.
 */
export class LearnedCodec implements BatchCodec {
  readonly #fallback = new MsgpackBatchCodec();
  readonly #learner = new ShapeLearner();
  readonly #writer = new PayloadWriter();
  readonly #reader = new PayloadReader();
  readonly #columns = new Map<string, ShapeColumns>();
  /** Runs of the payload in work, by the number of their part. */
  readonly #parts: ShapeRun[] = [];
  readonly #unfit: unknown[] = [];
  #partOf = new Uint8Array(0);
  #times = new Float64Array(0);
  #wholeTimes = new Int32Array(0);
  #payload = 0;
  #current: ShapeRun | undefined;

  encode(batch: RecordBatch, from: number, to: number, targetBytes: number): EncodedRun {
    this.#payload += 1;
    this.#parts.length = 0;
    this.#unfit.length = 0;
    if (this.#partOf.length < to - from) this.#partOf = new Uint8Array(to - from);
    const end = this.#gather(batch.values, from, to, targetBytes);
    const payload = this.#write(batch.timestamps, from, end);
    this.#unfit.length = 0;
    return { payload, end };
  }

  /** Sorts records into runs of their shapes; returns where it stopped. */
  #gather(values: readonly unknown[], from: number, to: number, target: number): number {
    let index = from;
    while (index < to) {
      let run = this.#current;
      let end = run === undefined ? index : this.#append(run, values, index, to, target);
      if (end === index) {
        run = this.#fitting(values, index, to, target);
        if (run === undefined) {
          this.#partOf[index - from] = UNFIT;
          this.#unfit.push(values[index]);
          index += 1;
          continue;
        }
        this.#current = run;
        end = this.#reached;
      }
      if (run !== undefined) this.#partOf.fill(run.part, index - from, end - from);
      index = end;
      if (run?.full === true) break;
    }
    return index;
  }

  /** Where the run that `fitting` returned has got to. */
  #reached = 0;

  /** Another shape that takes record `index`, learned if need be. */
  #fitting(values: readonly unknown[], index: number, to: number, target: number): ShapeRun | undefined {
    for (const run of this.#learner.runs) {
      if (run === this.#current) continue;
      this.#reached = this.#append(run, values, index, to, target);
      if (this.#reached > index) return run;
    }
    const learned = this.#learner.learn(values, index, to);
    if (learned === undefined) return undefined;
    this.#reached = this.#append(learned, values, index, to, target);
    return this.#reached > index ? learned : undefined;
  }

  /** Appends records while they fit; returns the index of the first one that does not. */
  #append(run: ShapeRun, values: readonly unknown[], index: number, to: number, target: number): number {
    if (run.payload !== this.#payload) run.begin(this.#payload, this.#partOf.length, target);
    const end = run.shape.encode(values, index, to, run);
    if (end > index && run.part === UNFIT) {
      run.part = this.#parts.length;
      this.#parts.push(run);
    }
    return end;
  }

  #write(timestamps: readonly number[], from: number, end: number): Uint8Array {
    const writer = this.#writer;
    const parts = this.#parts.length + (this.#unfit.length > 0 ? 1 : 0);
    const timed = hasTimestamps(timestamps, from, end);
    writer.begin();
    writer.header(timed ? WITH_TIMESTAMPS : 0, parts);
    if (timed) {
      if (this.#times.length < end - from) this.#times = new Float64Array(end - from);
      for (let index = from; index < end; index += 1) this.#times[index - from] = timestamps[index] as number;
      writer.numbers(this.#times, end - from);
    }
    if (parts > 1) writer.raw(this.#partOf.subarray(0, end - from));
    for (const run of this.#parts) {
      writer.header(SHAPED, 0);
      run.write(writer, this.#fallback);
    }
    if (this.#unfit.length > 0) {
      writer.header(FALLBACK, 0);
      writeValues(writer, this.#fallback, this.#unfit);
    }
    return writer.end();
  }

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
    const reader = this.#reader;
    const kind = reader.header();
    const values = kind === FALLBACK ? readValues(reader, this.#fallback) : this.#readShaped();
    if (expected !== undefined && values.length !== expected) throw wrongCount(values.length, expected);
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
