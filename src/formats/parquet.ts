import { parquetMetadataAsync, parquetScan, parquetSchema } from 'hyparquet';
import type { AsyncBuffer, FileMetaData, SchemaTree } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { MillraceError, UserError } from '../base/errors.ts';
import type {
  FileDecoder,
  FileFormat,
  FilePosition,
  FileRange,
  InputFile,
  RecordBlock,
} from './file-format.ts';
import { columnReader } from './parquet-values.ts';
import type { ColumnReader, ParquetValueOptions } from './parquet-values.ts';
import { rowFactory } from './row-factory.ts';
import type { RowFactory } from './row-factory.ts';

export interface ParquetReadOptions<T = unknown> extends ParquetValueOptions {
  /** Columns to read; others are neither read nor decoded. Default: all. */
  readonly columns?: readonly (keyof T & string)[];
}

/**
 * Apache Parquet: every column type, encoding and compression. Row groups are the splits; a row group's wanted columns are
 * decoded as a whole, records are made from them as the task asks.
 */
export class ParquetFormat<T> implements FileFormat<T> {
  readonly name = 'Parquet';
  readonly unit = 'rows' as const;
  readonly #options: ParquetReadOptions<T>;
  /** Footers of files in use; a reader keeps a file open while it reads its row groups. */
  readonly #footers = new WeakMap<InputFile, Promise<FileMetaData>>();

  constructor(options: ParquetReadOptions<T> = {}) {
    this.#options = options;
  }

  async ranges(file: InputFile): Promise<readonly FileRange[]> {
    const footer = await this.#footer(file);
    this.#columns(file, footer);
    let start = 0;
    return footer.row_groups.map((group) => {
      const range = { start, end: start + Number(group.num_rows) };
      start = range.end;
      return range;
    });
  }

  async open(file: InputFile, range: FileRange): Promise<FileDecoder<T>> {
    const footer = await this.#footer(file);
    const columns = this.#columns(file, footer);
    const readers = columns.map((column) => columnReader(file.path, column, this.#options));
    const names = columns.map(({ element }) => element.name);
    return new RowGroupDecoder<T>(file, range, footer, names, readers, rowFactory<T>(names));
  }

  #footer(file: InputFile): Promise<FileMetaData> {
    let footer = this.#footers.get(file);
    if (footer === undefined) {
      footer = readFooter(file);
      this.#footers.set(file, footer);
    }
    return footer;
  }

  /** @throws UserError for a wanted column that the file does not have */
  #columns(file: InputFile, footer: FileMetaData): readonly SchemaTree[] {
    const present = parquetSchema(footer).children;
    const { columns: wanted } = this.#options;
    if (wanted === undefined) return present;
    return wanted.map((name) => {
      const column = present.find(({ element }) => element.name === name);
      if (column !== undefined) return column;
      const names = present.map(({ element }) => element.name).join(', ');
      throw new UserError(`${file.path} has no column "${name}": its columns are ${names}`);
    });
  }
}

const MAGIC_BYTES = 4;

/** Smallest file there can be: two magic numbers and the length of the footer. */
const SMALLEST_FILE_BYTES = 12;

async function readFooter(file: InputFile): Promise<FileMetaData> {
  const isParquet = async (start: number): Promise<boolean> =>
    Buffer.from(await file.read(start, start + MAGIC_BYTES)).toString('latin1') === 'PAR1';
  if (file.size < SMALLEST_FILE_BYTES || !(await isParquet(0))) throw new Error('not a Parquet file');
  if (!(await isParquet(file.size - MAGIC_BYTES)))
    throw new Error('the Parquet file is truncated: its footer is missing');
  try {
    return await parquetMetadataAsync(bufferOf(file));
  } catch (cause) {
    if (cause instanceof MillraceError) throw cause;
    throw new Error(
      `the Parquet footer is damaged: ${cause instanceof Error ? cause.message : String(cause)}`,
      { cause },
    );
  }
}

function bufferOf(file: InputFile): AsyncBuffer {
  return {
    byteLength: file.size,
    slice: async (start, end = file.size) => {
      const bytes = await file.read(start, end);
      if (bytes.byteLength < end - start)
        throw new Error(`the file ends at byte ${file.size}, data is expected until ${end}`);
      return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
    },
  };
}

/** Decodes the columns of one row group, one column at a time so that the thread's other tasks get their turn. */
class RowGroupDecoder<T> implements FileDecoder<T> {
  readonly #file: InputFile;
  readonly #range: FileRange;
  readonly #metadata: FileMetaData;
  readonly #names: readonly string[];
  readonly #readers: readonly ColumnReader[];
  readonly #make: RowFactory<T>;
  #done = false;

  constructor(
    file: InputFile,
    range: FileRange,
    metadata: FileMetaData,
    names: readonly string[],
    readers: readonly ColumnReader[],
    make: RowFactory<T>,
  ) {
    this.#file = file;
    this.#range = range;
    this.#metadata = metadata;
    this.#names = names;
    this.#readers = readers;
    this.#make = make;
  }

  async next(): Promise<RecordBlock<T> | undefined> {
    if (this.#done) return undefined;
    this.#done = true;
    const { start, end } = this.#range;
    const columns: ArrayLike<unknown>[] = [];
    try {
      for (const [index, column] of this.#names.entries()) {
        columns.push(await this.#column(column, this.#readers[index] as ColumnReader));
      }
    } catch (cause) {
      if (cause instanceof MillraceError) throw cause;
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new Error(`rows ${start + 1} to ${end}: ${reason}`, { cause });
    }
    return new ColumnBlock(columns, end - start, { offset: start, skip: 0 }, this.#make);
  }

  close(): void {}

  async #column(column: string, reader: ColumnReader): Promise<ArrayLike<unknown>> {
    const { start, end } = this.#range;
    const scan = await parquetScan({
      file: bufferOf(this.#file),
      metadata: this.#metadata,
      columns: [column],
      compressors,
      parsers: reader.parsers,
    });
    const values = await scan.readColumn({ column, rowStart: start, rowEnd: end });
    if (values.length !== end - start) {
      throw new Error(`column "${column}" has ${values.length} values for ${end - start} rows`);
    }
    return reader.convert(values);
  }
}

class ColumnBlock<T> implements RecordBlock<T> {
  readonly length: number;
  readonly position: FilePosition;
  readonly bad = [];
  readonly #columns: readonly ArrayLike<unknown>[];
  readonly #make: RowFactory<T>;

  constructor(
    columns: readonly ArrayLike<unknown>[],
    length: number,
    position: FilePosition,
    make: RowFactory<T>,
  ) {
    this.#columns = columns;
    this.length = length;
    this.position = position;
    this.#make = make;
  }

  slice(from: number, to: number): T[] {
    return this.#make(this.#columns, from, to);
  }
}
