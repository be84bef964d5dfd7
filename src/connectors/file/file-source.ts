import { MillraceError, UserError } from '../../base/errors.ts';
import { FILE_SPLIT_BYTES } from '../../base/limits.ts';
import { CsvFormat } from '../../formats/csv.ts';
import type { CsvReadOptions } from '../../formats/csv.ts';
import type { CsvColumns, CsvRecord } from '../../formats/csv-columns.ts';
import type { FileFormat } from '../../formats/file-format.ts';
import { JsonLinesFormat } from '../../formats/json-lines.ts';
import { ParquetFormat } from '../../formats/parquet.ts';
import type { ParquetReadOptions } from '../../formats/parquet.ts';
import type {
  BadRecordPolicy,
  Source,
  SourceReader,
  SourceReaderContext,
  SplitEnumerator,
  SplitEnumeratorContext,
} from '../../functions/source.ts';
import { SplitAssigner } from '../split/split-assigner.ts';
import { FileReader } from './file-reader.ts';
import { fileSplit } from './file-split.ts';
import type { FileSplit } from './file-split.ts';
import { listFiles } from './list-files.ts';
import type { PathLike } from './list-files.ts';
import { LocalFile } from './local-file.ts';

/** What every file source takes beside its format's own options. */
export interface FileSourceOptions {
  /** What happens with data that cannot be decoded. Default `fail`; the error names file and line. */
  readonly badRecords?: BadRecordPolicy;
  /** Files of lines are cut into splits of about this many bytes. */
  readonly splitBytes?: number;
}

/**
 * A bounded source over files: paths, directories, glob patterns. The files must be readable under the same path by the
 * job-manager, which lists them, and by every task manager. Splits are handed out in order, one at a time, to whoever has
 * nothing to read, so files in time order are read about in time order.
 */
export class FileSource<T> implements Source<T, FileSplit> {
  readonly boundedness = 'bounded';
  readonly #format: FileFormat<T>;
  readonly #paths: readonly PathLike[];
  readonly #badRecords: BadRecordPolicy;
  readonly #splitBytes: number;

  /** Use the static methods. @throws UserError for no path at all or a split size that is none */
  constructor(format: FileFormat<T>, paths: readonly PathLike[], options: FileSourceOptions = {}) {
    if (paths.length === 0) throw new UserError('a file source needs at least one path');
    this.#format = format;
    this.#paths = paths;
    this.#badRecords = options.badRecords ?? 'fail';
    this.#splitBytes = options.splitBytes ?? FILE_SPLIT_BYTES;
    if (!(this.#splitBytes >= 1))
      throw new UserError(`splitBytes must be at least 1, got ${this.#splitBytes}`);
  }

  /** Parquet files; name the columns that the job needs, the others are not read. */
  static parquet<T = Record<string, unknown>>(
    path: PathLike | readonly PathLike[],
    options: ParquetReadOptions<T> & FileSourceOptions = {},
  ): FileSource<T> {
    return new FileSource(new ParquetFormat<T>(options), listOf(path), options);
  }

  /** CSV files, with a header unless said otherwise. */
  static csv<const C extends CsvColumns = Readonly<Record<string, 'string'>>>(
    path: PathLike | readonly PathLike[],
    options: CsvReadOptions<C> & FileSourceOptions = {},
  ): FileSource<CsvRecord<C>> {
    return new FileSource(new CsvFormat<C>(options), listOf(path), options);
  }

  /** One JSON value per line. */
  static jsonLines<T = unknown>(
    path: PathLike | readonly PathLike[],
    options: FileSourceOptions = {},
  ): FileSource<T> {
    return new FileSource(new JsonLinesFormat<T>(), listOf(path), options);
  }

  /** Any format: `FileSource.forRecordStreamFormat(format, ...paths).build()`. */
  static forRecordStreamFormat<T>(
    format: FileFormat<T>,
    ...paths: readonly PathLike[]
  ): FileSourceBuilder<T> {
    return new FileSourceBuilder(format, paths, {});
  }

  createEnumerator(context: SplitEnumeratorContext<FileSplit>): SplitEnumerator<FileSplit> {
    return new SplitAssigner(context, () => this.#discover());
  }

  /** What was assigned and not taken is at the end of `splits`: it gets its place again. */
  restoreEnumerator(
    context: SplitEnumeratorContext<FileSplit>,
    splits: readonly FileSplit[],
  ): SplitEnumerator<FileSplit> {
    return new SplitAssigner(context, () => splits.toSorted((a, b) => (a.rank ?? 0) - (b.rank ?? 0)));
  }

  createReader(context: SourceReaderContext): SourceReader<T, FileSplit> {
    return new FileReader(this.#format, this.#badRecords, context);
  }

  async #discover(): Promise<readonly FileSplit[]> {
    const splits: FileSplit[] = [];
    for (const path of await listFiles(this.#paths)) splits.push(...(await this.#splitsOf(path)));
    return splits.map((split, rank) => ({ ...split, rank }));
  }

  async #splitsOf(path: string): Promise<readonly FileSplit[]> {
    const file = await LocalFile.open(path);
    try {
      const ranges = await this.#format.ranges(file, this.#splitBytes);
      return ranges.map((range) => fileSplit(path, range));
    } catch (error) {
      if (error instanceof MillraceError) throw error;
      return [fileSplit(path, { start: 0, end: 0 }, error instanceof Error ? error.message : String(error))];
    } finally {
      await file.close();
    }
  }
}

/** Settings of a file source, in Flink's manner. Immutable: each method returns a new builder. */
export class FileSourceBuilder<T> {
  readonly #format: FileFormat<T>;
  readonly #paths: readonly PathLike[];
  readonly #options: FileSourceOptions;

  constructor(format: FileFormat<T>, paths: readonly PathLike[], options: FileSourceOptions) {
    this.#format = format;
    this.#paths = paths;
    this.#options = options;
  }

  /** What happens with data that cannot be decoded. */
  badRecords(badRecords: BadRecordPolicy): FileSourceBuilder<T> {
    return new FileSourceBuilder(this.#format, this.#paths, { ...this.#options, badRecords });
  }

  /** Files of lines are cut into splits of about this many bytes. */
  splitBytes(splitBytes: number): FileSourceBuilder<T> {
    return new FileSourceBuilder(this.#format, this.#paths, { ...this.#options, splitBytes });
  }

  build(): FileSource<T> {
    return new FileSource(this.#format, this.#paths, this.#options);
  }
}

function listOf(path: PathLike | readonly PathLike[]): readonly PathLike[] {
  return typeof path === 'string' || path instanceof URL ? [path] : path;
}
