import type { MsgpackBatchCodec } from './msgpack-codec.ts';
import type { PayloadWriter } from './payload-writer.ts';
import type { EncodeRecords, RecordShape } from './record-shape.ts';
import type { Column } from './shape-plan.ts';
import { writeValues } from './values-column.ts';

type OpenColumn = Int32Array | Float64Array | BigInt64Array | unknown[];

const FIRST_ENTRIES = 64;
/** Number of a run's part before it has one. */
export const NO_PART = 255;
/** Kinds of parts of a payload. */
export const PART = { shaped: 0, fallback: 1, external: 2 } as const;

function newColumn(column: Column, entries: number): OpenColumn {
  switch (column.storage) {
    case 'ints':
      return new Int32Array(entries);
    case 'numbers':
      return new Float64Array(entries);
    case 'bigints':
      return new BigInt64Array(entries);
    case 'values':
    case 'blobs':
      return [];
  }
}

/** The records of one shape in the payload being written, column by column. Generated encoders append to it. */
export class ShapeRun {
  readonly shape: RecordShape;
  readonly kind = PART.shaped;
  readonly encode: EncodeRecords;
  readonly columns: OpenColumn[];
  /** Entries of the columns that do not have one per record. */
  readonly counts: Int32Array;
  records = 0;
  /** The texts of all records, joined. */
  text = '';
  blobBytes = 0;
  /** Characters and nested values after which a record is the last one: sets `full`. */
  limit = 0;
  full = false;
  /** The payload it was begun for, and its part in there once it has records. */
  payload = 0;
  part = NO_PART;
  #capacity = 0;

  /** @param projecting whether records may have further fields, which are left out */
  constructor(shape: RecordShape, projecting: boolean) {
    this.shape = shape;
    this.encode = shape.encoder(projecting);
    this.columns = shape.plan.columns.map((column) => newColumn(column, FIRST_ENTRIES));
    this.counts = new Int32Array(this.columns.length);
  }

  /** Empties the run for another payload and makes room for up to `records` records. */
  begin(payload: number, records: number, limit: number): void {
    this.payload = payload;
    this.part = NO_PART;
    this.records = 0;
    this.text = '';
    this.blobBytes = 0;
    this.limit = limit;
    this.full = false;
    this.counts.fill(0);
    if (records > this.#capacity) this.#reserve(records);
    for (const column of this.columns) if (Array.isArray(column)) column.length = 0;
  }

  #reserve(records: number): void {
    this.#capacity = records;
    for (const [id, column] of this.shape.plan.columns.entries()) {
      if (column.perRecord) this.columns[id] = newColumn(column, records);
    }
  }

  /** A longer copy of a column; called by generated code. */
  grow(id: number): OpenColumn {
    const old = this.columns[id] as Int32Array;
    const longer = newColumn(this.shape.plan.columns[id] as Column, old.length * 2) as Int32Array;
    longer.set(old);
    this.columns[id] = longer;
    return longer;
  }

  write(writer: PayloadWriter, fallback: MsgpackBatchCodec): void {
    const { definitionBytes, plan } = this.shape;
    writer.header(this.records, definitionBytes.byteLength);
    writer.raw(definitionBytes);
    for (const [id, column] of plan.columns.entries()) {
      const count = column.perRecord ? this.records : (this.counts[id] as number);
      const entries = this.columns[id];
      switch (column.storage) {
        case 'ints':
          writer.ints(entries as Int32Array, count);
          break;
        case 'numbers':
          writer.numbers(entries as Float64Array, count);
          break;
        case 'bigints':
          writer.bigints(entries as BigInt64Array, count);
          break;
        case 'values':
          writeValues(writer, fallback, (entries as unknown[]).slice(0, count));
          break;
        case 'blobs':
          writer.header(count, 0);
          for (const blob of (entries as ArrayBufferView[]).slice(0, count)) {
            writer.header(blob.byteLength, 0);
            writer.raw(new Uint8Array(blob.buffer, blob.byteOffset, blob.byteLength));
          }
          break;
      }
    }
    writer.text(this.text);
    this.text = '';
  }
}
