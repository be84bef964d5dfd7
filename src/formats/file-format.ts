/**
 * What a file source asks of a format. Formats see a file as `InputFile`, never the file system, so that they read local
 * files and objects of a store alike.
 */
export interface InputFile {
  /** As people know it; used in errors. */
  readonly path: string;
  /** Bytes as stored. */
  readonly size: number;
  /** The content must be read from its start in one go, since it is compressed as a whole; `chunks` decompresses. */
  readonly compressed: boolean;
  /** Stored bytes `[start, end)`. @throws ExternalError naming the file */
  read(start: number, end: number): Promise<Uint8Array<ArrayBuffer>>;
  /** Content from byte `start` on; `start` is 0 for compressed files. */
  chunks(start: number): AsyncIterable<Uint8Array>;
}

/** A part of a file that can be read by itself, in the format's own unit (bytes, rows). */
export interface FileRange {
  readonly start: number;
  readonly end: number;
}

/** A place in a range to read on from: `skip` records after `offset`. */
export interface FilePosition {
  readonly offset: number;
  readonly skip: number;
  /** Bad records reported since that record; 0 where missing. */
  readonly bad?: number;
}

/** Data that could not be decoded, before the record with index `index` of its block. */
export interface BadRow {
  readonly index: number;
  /** Line or row, as people count: from 1. */
  readonly where: string;
  readonly raw: string;
  readonly cause: unknown;
}

/** Decoded records that follow each other. */
export interface RecordBlock<T> {
  readonly length: number;
  /** Where the first record stands. */
  readonly position: FilePosition;
  readonly bad: readonly BadRow[];
  /** Records `[from, to)`. */
  slice(from: number, to: number): T[];
}

/** Reads one range. Anything it throws that is no MillraceError means: the data is malformed. */
export interface FileDecoder<T> {
  /** The next block, `undefined` at the end. */
  next(): Promise<RecordBlock<T> | undefined>;
  close(): void | Promise<void>;
}

/** Implement it to read files of another kind with `FileSource.forRecordStreamFormat`. */
export interface FileFormat<T> {
  readonly name: string;
  /** What ranges count; missing: something else. From it the metrics `pendingBytes` and `pendingRecords` follow. */
  readonly unit?: 'bytes' | 'rows';
  /** Cuts a file into ranges, in their order. Runs in the job-manager. `splitBytes` is a hint. */
  ranges(file: InputFile, splitBytes: number): readonly FileRange[] | Promise<readonly FileRange[]>;
  /** Begins to read at `offset` of `range` (its start, or the offset of a block's position). Runs in the subtask. */
  open(file: InputFile, range: FileRange, offset: number): FileDecoder<T> | Promise<FileDecoder<T>>;
}

/** A block over an array. */
export class RowBlock<T> implements RecordBlock<T> {
  readonly position: FilePosition;
  readonly bad: readonly BadRow[];
  readonly #rows: T[];

  constructor(rows: T[], position: FilePosition, bad: readonly BadRow[]) {
    this.#rows = rows;
    this.position = position;
    this.bad = bad;
  }

  get length(): number {
    return this.#rows.length;
  }

  slice(from: number, to: number): T[] {
    return this.#rows.slice(from, to);
  }
}
