import { mkdir } from 'node:fs/promises';
import { resolve } from 'node:path';
import { UserError } from '../../base/errors.ts';
import { CsvEncoder } from '../../formats/csv-encoder.ts';
import type { CsvWriteOptions } from '../../formats/csv-encoder.ts';
import { JsonLinesEncoder } from '../../formats/json-lines-encoder.ts';
import type { RowEncoder } from '../../formats/row-encoder.ts';
import type { Sink, SinkWriter, SinkWriterContext } from '../../functions/sink.ts';
import { fileError } from './file-error.ts';
import { FileWriter } from './file-writer.ts';
import { pathOf } from './list-files.ts';
import type { PathLike } from './list-files.ts';
import { removeLeftovers } from './part-files.ts';

export interface FileSinkOptions {
  /** A part file is followed by the next when it has reached this many bytes. Default: one file per subtask. */
  readonly rollingBytes?: number;
}

/**
 * Writes records into part files of a folder: `part-<subtask>-<n>.<extension>`. A part is written under a hidden name and
 * takes its own when the subtask's input has ended, so that readers of the folder never see half a file. A failed attempt
 * removes what it has not finished, its successor writes the same names again. The folder belongs to the sink: parts of an
 * earlier run are replaced.
 */
export class FileSink<T> implements Sink<T> {
  readonly #folder: string;
  readonly #encoder: RowEncoder<T>;
  readonly #rollingBytes: number;

  constructor(path: PathLike, encoder: RowEncoder<T>, options: FileSinkOptions = {}) {
    this.#folder = resolve(pathOf(path));
    this.#encoder = encoder;
    this.#rollingBytes = options.rollingBytes ?? Infinity;
    if (!(this.#rollingBytes > 0))
      throw new UserError(`rollingBytes must be positive, got ${this.#rollingBytes}`);
  }

  /** CSV with a header: `FileSink.csv('out', { columns: ['name', 'count'] })`. */
  static csv<T>(path: PathLike, options: CsvWriteOptions<T> & FileSinkOptions): FileSink<T> {
    return new FileSink(path, new CsvEncoder<T>(options), options);
  }

  /** One JSON value per line. */
  static jsonLines<T>(path: PathLike, options: FileSinkOptions = {}): FileSink<T> {
    return new FileSink(path, new JsonLinesEncoder<T>(), options);
  }

  /** Any text format of one record after the other. */
  static forRowFormat<T>(path: PathLike, encoder: RowEncoder<T>, options: FileSinkOptions = {}): FileSink<T> {
    return new FileSink(path, encoder, options);
  }

  async createWriter(context: SinkWriterContext): Promise<SinkWriter<T>> {
    const {
      indexOfThisSubtask: subtask,
      attemptNumber: attempt,
      numberOfParallelSubtasks,
    } = context.taskInfo;
    const place = { folder: this.#folder, extension: this.#encoder.extension, subtask, attempt };
    try {
      await mkdir(this.#folder, { recursive: true });
      await removeLeftovers(place);
    } catch (error) {
      throw fileError('write to', this.#folder, error);
    }
    return new FileWriter(place, numberOfParallelSubtasks, this.#encoder, this.#rollingBytes);
  }
}
