import { resolve } from 'node:path';
import { CsvEncoder } from '../../formats/csv-encoder.ts';
import type { CsvWriteOptions } from '../../formats/csv-encoder.ts';
import { JsonLinesEncoder } from '../../formats/json-lines-encoder.ts';
import type { RowEncoder } from '../../formats/row-encoder.ts';
import { DeliveryGuarantee } from '../../functions/sink.ts';
import type { Committer, Sink, SinkWriter, SinkWriterContext } from '../../functions/sink.ts';
import { FileCommitter } from './file-committer.ts';
import type { PendingFile } from './file-committer.ts';
import { fileError } from './file-error.ts';
import { FileWriter } from './file-writer.ts';
import { pathOf } from './list-files.ts';
import type { PathLike } from './list-files.ts';
import { makeFolder } from './folder.ts';
import { partPlace, removeLeftovers } from './part-files.ts';
import { rollingPolicy } from './rolling.ts';
import type { RollingOptions, RollingPolicy } from './rolling.ts';

export interface FileSinkOptions extends RollingOptions {
  /**
   * Default: EXACTLY_ONCE. With AT_LEAST_ONCE a part that a checkpoint ends has its name at once, whether or not the checkpoint is ever
   * complete: after a failure, its records may be in another part, too. NONE is the same without forcing anything to the disk: what
   * the operating system still holds when its machine fails is lost.
   */
  readonly deliveryGuarantee?: DeliveryGuarantee;
}

/**
 * Writes records into part files of a folder, by default exactly once. A part is written under a hidden name, so that readers of the folder
 * never see half a file. Where the job takes checkpoints, every checkpoint ends the part in hand, and the parts take their names
 * `part-<sink>-<subtask>-<checkpoint>-<n>.<extension>` when it is complete; parts of earlier runs stay. Where it takes none, they are
 * named `part-<subtask>-<n>.<extension>` when the subtask's input has ended, and replace those of an earlier run.
 */
export class FileSink<T> implements Sink<T, PendingFile> {
  readonly #folder: string;
  readonly #encoder: RowEncoder<T>;
  readonly #rolling: RollingPolicy;
  readonly #guarantee: DeliveryGuarantee;

  /** @throws UserError for a bound that is not positive */
  constructor(path: PathLike, encoder: RowEncoder<T>, options: FileSinkOptions = {}) {
    this.#folder = resolve(pathOf(path));
    this.#encoder = encoder;
    this.#rolling = rollingPolicy(options);
    this.#guarantee = options.deliveryGuarantee ?? DeliveryGuarantee.EXACTLY_ONCE;
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

  async createWriter(context: SinkWriterContext): Promise<SinkWriter<T, PendingFile>> {
    const place = partPlace(this.#folder, this.#encoder.extension, context);
    try {
      await makeFolder(this.#folder);
      await removeLeftovers(place);
    } catch (error) {
      throw fileError('write to', this.#folder, error);
    }
    return new FileWriter({
      place,
      encoder: this.#encoder,
      rolling: this.#rolling,
      guarantee: this.#guarantee,
      now: () => context.now(),
    });
  }

  createCommitter(): Committer<PendingFile> {
    return new FileCommitter();
  }
}
