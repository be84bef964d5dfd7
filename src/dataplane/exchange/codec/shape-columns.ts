import type { MsgpackBatchCodec } from './msgpack-codec.ts';
import { TextReader } from './payload-reader.ts';
import type { PayloadReader } from './payload-reader.ts';
import type { DecodedColumn, RecordShape } from './record-shape.ts';
import type { Column } from './shape-plan.ts';
import { readValues } from './values-column.ts';

const FIRST_ENTRIES = 64;

/** Reads the records of one shape from payloads; keeps its columns from one payload to the next. */
export class ShapeColumns {
  readonly #shape: RecordShape;
  readonly #ints: Int32Array<ArrayBuffer>[];
  readonly #doubles: Float64Array<ArrayBuffer>[];
  readonly #bigints: BigInt64Array[];
  readonly #columns: DecodedColumn[];
  readonly #counts: Int32Array;
  readonly #texts = new TextReader();

  constructor(shape: RecordShape) {
    this.#shape = shape;
    const { columns } = shape.plan;
    this.#ints = columns.map(() => new Int32Array(FIRST_ENTRIES));
    this.#doubles = columns.map(({ storage }) => new Float64Array(storage === 'numbers' ? FIRST_ENTRIES : 0));
    this.#bigints = columns.map(() => new BigInt64Array(0));
    this.#columns = columns.map(() => []);
    this.#counts = new Int32Array(columns.length);
  }

  /** @throws Error when the payload does not hold what it should */
  read(reader: PayloadReader, records: number, fallback: MsgpackBatchCodec): unknown[] {
    let wholeNumbers = '';
    for (const [id, { storage, perRecord }] of this.#shape.plan.columns.entries()) {
      const column = this.#column(reader, id, storage, fallback);
      this.#columns[id] = column;
      if (storage === 'numbers') wholeNumbers += column instanceof Int32Array ? 'w' : 'd';
      if (perRecord && this.#counts[id] !== records)
        throw new RangeError(`${this.#counts[id]} entries of ${records} records`);
    }
    reader.text(this.#texts);
    const values: unknown[] = [];
    values.length = records;
    this.#shape.decoder(wholeNumbers)(this.#columns, this.#counts, this.#texts, records, values);
    return values;
  }

  #column(
    reader: PayloadReader,
    id: number,
    storage: Column['storage'],
    fallback: MsgpackBatchCodec,
  ): DecodedColumn {
    switch (storage) {
      case 'ints':
      case 'numbers': {
        const column = reader.numbers(
          this.#ints[id] as Int32Array<ArrayBuffer>,
          this.#doubles[id] as Float64Array<ArrayBuffer>,
        );
        this.#counts[id] = reader.second;
        if (column instanceof Int32Array) this.#ints[id] = column;
        else this.#doubles[id] = column;
        return column;
      }
      case 'bigints': {
        const column = reader.bigints(this.#bigints[id] as BigInt64Array);
        this.#bigints[id] = column;
        this.#counts[id] = reader.second;
        return column;
      }
      case 'values': {
        const values = readValues(reader, fallback);
        this.#counts[id] = values.length;
        return values;
      }
      case 'blobs':
        return this.#blobs(reader, id);
    }
  }

  #blobs(reader: PayloadReader, id: number): Uint8Array[] {
    const count = reader.header();
    const blobs: Uint8Array[] = [];
    for (let index = 0; index < count; index += 1) {
      const length = reader.header();
      blobs.push(reader.raw(length));
    }
    this.#counts[id] = count;
    return blobs;
  }
}
