import type { EdgeRecords } from '../../../graph/chain-plan.ts';
import type { RecordBatch } from '../channel.ts';
import type { BatchCodec, EncodedRun } from './batch-codec.ts';
import { DeclaredRecords } from './declared-records.ts';
import type { ExternalRun } from './external-run.ts';
import { hasTimestamps, MsgpackBatchCodec } from './msgpack-codec.ts';
import { PayloadDecoder, WITH_TIMESTAMPS } from './payload-decoder.ts';
import { PayloadWriter } from './payload-writer.ts';
import { Projection } from './projection.ts';
import { ShapeLearner } from './shape-learner.ts';
import { NO_PART, PART } from './shape-run.ts';
import type { ShapeRun } from './shape-run.ts';
import { writeValues } from './values-column.ts';

/** Stands for the fallback part, which is the last one. */
const UNFIT = NO_PART;

/**
 * Records by generated code, column by column. Where their type is declared, that is their shape; shapes of others (names
 * and kinds of fields) are learned from the records themselves: the first ones decide, later ones that differ widen a shape
 * or make a further one. Records that fit none (class instances, cycles, functions ...) go through MessagePack, those alone,
 * in their place. Shapes stand as text in each payload that uses them, so that a payload needs nothing but itself to be
 * read: after a restart, or when an earlier one was never sent. Only types of other formats must be known at both ends.
 *
 * Payload: u32 flags, u32 parts; timestamps; where there are several parts, the part of each record as u8; the parts.
 */
export class LearnedCodec implements BatchCodec {
  readonly #fallback = new MsgpackBatchCodec();
  readonly #declared: DeclaredRecords | undefined;
  readonly #projection: Projection | undefined;
  readonly #learner: ShapeLearner;
  readonly #writer = new PayloadWriter();
  readonly #decoder: PayloadDecoder;
  /** Runs of the payload in work, by the number of their part. */
  readonly #parts: (ShapeRun | ExternalRun)[] = [];
  readonly #unfit: unknown[] = [];
  #partOf = new Uint8Array(0);
  #times = new Float64Array(0);
  #payload = 0;
  #current: ShapeRun | undefined;

  /** @param records what is known of the records beforehand; the same at both ends */
  constructor(records?: EdgeRecords) {
    this.#projection = records?.fields === undefined ? undefined : new Projection(records.fields);
    this.#declared = records && DeclaredRecords.of(records, this.#projection);
    this.#learner = new ShapeLearner(this.#projection);
    this.#decoder = new PayloadDecoder(this.#fallback, records?.type?.serializer);
  }

  /** Records that were not of their declared type, and arrived all the same. */
  get mistyped(): number {
    return this.#declared?.mistyped ?? 0;
  }

  encode(batch: RecordBatch, from: number, to: number, targetBytes: number): EncodedRun {
    this.#payload += 1;
    this.#parts.length = 0;
    this.#unfit.length = 0;
    if (this.#partOf.length < to - from) this.#partOf = new Uint8Array(to - from);
    const end =
      this.#declared === undefined
        ? this.#gather(batch.values, from, to, targetBytes)
        : this.#gatherDeclared(this.#declared, batch.values, from, to, targetBytes);
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
          this.#unfit.push(
            this.#projection === undefined ? values[index] : this.#projection.of(values[index]),
          );
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

  /** The same where the type is declared: what is not of it is sorted one by one, so that none escapes the check. */
  #gatherDeclared(
    declared: DeclaredRecords,
    values: readonly unknown[],
    from: number,
    to: number,
    target: number,
  ): number {
    const { run } = declared;
    declared.begin(this.#payload, this.#partOf.length, target);
    let index = from;
    while (index < to && !declared.full) {
      const end = declared.append(values, index, to);
      if (end > index) {
        this.#enter(run);
        this.#partOf.fill(run.part, index - from, end - from);
        index = end;
        continue;
      }
      declared.check(values[index]);
      const other = this.#fitting(values, index, index + 1, target);
      this.#partOf[index - from] = other?.part ?? UNFIT;
      if (other === undefined) this.#unfit.push(this.#projection?.of(values[index]) ?? values[index]);
      index += 1;
      if (other?.full === true) break;
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
    const end = run.encode(values, index, to, run);
    if (end > index) this.#enter(run);
    return end;
  }

  /** Gives a run its part in this payload. */
  #enter(run: ShapeRun | ExternalRun): void {
    if (run.part !== NO_PART) return;
    run.part = this.#parts.length;
    this.#parts.push(run);
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
      writer.header(run.kind, 0);
      run.write(writer, this.#fallback);
    }
    if (this.#unfit.length > 0) {
      writer.header(PART.fallback, 0);
      writeValues(writer, this.#fallback, this.#unfit);
    }
    return writer.end();
  }

  decode(payload: Uint8Array, count: number): RecordBatch {
    return this.#decoder.decode(payload, count);
  }
}
