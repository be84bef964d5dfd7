import { CHANNEL_SHAPES_MAX } from '../../../base/limits.ts';
import { isSameRecord, mergeTypes, typeOfRecord } from './record-type.ts';
import type { RecordType } from './record-type.ts';
import { RecordShape } from './record-shape.ts';
import type { Projection } from './projection.ts';
import { ShapeRun } from './shape-run.ts';

/** Records that are looked at to learn a shape. */
const SAMPLED_RECORDS = 32;
/** Unfit records that are let pass before the next attempt to learn, after attempts that were in vain. */
const PATIENCE_MAX = 4_096;
/** The same between shapes beyond CHANNEL_SHAPES_MAX: streams with ever new shapes are left to the fallback codec. */
const TURNOVER_MIN = 256;
const TURNOVER_MAX = 1_048_576;

/** The shapes of a channel's records, learned when records fit none. */
export class ShapeLearner {
  readonly runs: ShapeRun[] = [];
  readonly #projection: Projection | undefined;
  #patience = 0;
  #vain = 0;
  #turnover = TURNOVER_MIN;

  /** @param projection where only some fields of records are sent */
  constructor(projection: Projection | undefined) {
    this.#projection = projection;
  }

  /** A new shape that record `index` fits, or a wider one in place of its like; undefined when there is none to learn. */
  learn(values: readonly unknown[], index: number, to: number): ShapeRun | undefined {
    if (this.#patience > 0) {
      this.#patience -= 1;
      return undefined;
    }
    const type = this.#sample(values, index, to);
    const run = type && this.#shapeOf(type);
    if (run === undefined) {
      this.#vain += 1;
      this.#patience = Math.min(PATIENCE_MAX, 2 ** this.#vain);
      return undefined;
    }
    this.#vain = 0;
    return run;
  }

  #shapeOf(type: RecordType): ShapeRun | undefined {
    const like = this.runs.findIndex(({ shape }) => isSameRecord(shape.type, type));
    const known = this.runs[like];
    if (known === undefined) return this.#add(type);
    const wider = RecordShape.of(mergeTypes(known.shape.type, type));
    if (wider.definition === known.shape.definition) return undefined;
    const run = this.#newRun(wider);
    this.runs[like] = run;
    return run;
  }

  #add(type: RecordType): ShapeRun {
    const run = this.#newRun(RecordShape.of(type));
    if (this.runs.length < CHANNEL_SHAPES_MAX) {
      this.runs.push(run);
      return run;
    }
    let oldest = 0;
    for (const [index, { payload }] of this.runs.entries())
      if (payload < (this.runs[oldest] as ShapeRun).payload) oldest = index;
    this.runs[oldest] = run;
    this.#patience = this.#turnover;
    this.#turnover = Math.min(TURNOVER_MAX, this.#turnover * 2);
    return run;
  }

  #newRun(shape: RecordShape): ShapeRun {
    return new ShapeRun(shape, this.#projection !== undefined);
  }

  /** The type of a record, widened by those that follow and are like it. */
  #sample(values: readonly unknown[], index: number, to: number): RecordType | undefined {
    let type = this.#typeOf(values[index]);
    if (type === undefined) return undefined;
    const end = Math.min(to, index + SAMPLED_RECORDS);
    for (let next = index + 1; next < end; next += 1) {
      const other = this.#typeOf(values[next]);
      if (other !== undefined && isSameRecord(type, other)) type = mergeTypes(type, other);
    }
    return type;
  }

  #typeOf(value: unknown): RecordType | undefined {
    return typeOfRecord(this.#projection === undefined ? value : this.#projection.of(value));
  }
}
