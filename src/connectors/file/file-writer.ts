import { open, rename, rm } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { FILE_BUFFER_CHARS, FILE_WRITE_CHARS } from '../../base/limits.ts';
import type { RowEncoder } from '../../formats/row-encoder.ts';
import type { SinkWriter } from '../../functions/sink.ts';
import { fileError } from './file-error.ts';
import { finishedPart, removeOutdated, unfinishedPart } from './part-files.ts';
import type { PartPlace } from './part-files.ts';

/** Text for one part. */
interface Piece {
  readonly part: number;
  readonly text: string;
}

/**
 * One subtask's part files. Records become text at once; text goes to the disk in large pieces, one under way. Where a part
 * ends depends on the records alone, so that a rerun cuts at the same places.
 */
export class FileWriter<T> implements SinkWriter<T> {
  readonly #place: PartPlace;
  readonly #parallelism: number;
  readonly #encoder: RowEncoder<T>;
  readonly #rollingBytes: number;
  /** Text of part `#part` that is not in a piece yet. */
  #text = '';
  #part = 0;
  #partBytes = 0;
  readonly #pieces: Piece[] = [];
  #waitingChars = 0;
  #handle: FileHandle | undefined;
  /** Parts begun on the disk. */
  #begun = 0;
  #writing: Promise<void> | undefined;
  #failure: { readonly error: unknown } | undefined;

  constructor(place: PartPlace, parallelism: number, encoder: RowEncoder<T>, rollingBytes: number) {
    this.#place = place;
    this.#parallelism = parallelism;
    this.#encoder = encoder;
    this.#rollingBytes = rollingBytes;
  }

  write(value: T): void {
    const text = this.#encoder.encode(value);
    this.#text += text;
    if (this.#rollingBytes !== Infinity) this.#roll(text);
    if (this.#text.length >= FILE_WRITE_CHARS) this.#startWriting();
  }

  pending(): Promise<void> | undefined {
    if (this.#waitingChars < FILE_BUFFER_CHARS && this.#failure === undefined) return undefined;
    return this.#settled();
  }

  async flush(endOfInput: boolean): Promise<void> {
    this.#startWriting();
    await this.#settled();
    if (endOfInput) await this.#finish();
  }

  async close(_aborted: boolean): Promise<void> {
    this.#text = '';
    this.#pieces.length = 0;
    await this.#writing;
    await this.#handle?.close();
    this.#handle = undefined;
    // Finished parts have their own names by now; what is left was not finished.
    for (let part = 0; part < this.#begun; part += 1)
      await rm(unfinishedPart(this.#place, part), { force: true });
  }

  #roll(text: string): void {
    this.#partBytes += Buffer.byteLength(text, 'utf8');
    if (this.#partBytes < this.#rollingBytes) return;
    this.#cutPiece();
    this.#part += 1;
    this.#partBytes = 0;
  }

  #cutPiece(): void {
    if (this.#text === '') return;
    this.#pieces.push({ part: this.#part, text: this.#text });
    this.#waitingChars += this.#text.length;
    this.#text = '';
  }

  #startWriting(): void {
    this.#cutPiece();
    if (this.#failure === undefined && this.#pieces.length > 0) this.#writing ??= this.#write();
  }

  async #settled(): Promise<void> {
    await this.#writing;
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  async #write(): Promise<void> {
    try {
      for (let piece = this.#pieces.shift(); piece !== undefined; piece = this.#pieces.shift()) {
        while (this.#begun <= piece.part) await this.#beginPart();
        await this.#handle?.appendFile(piece.text);
        this.#waitingChars -= piece.text.length;
      }
    } catch (error) {
      this.#failure = { error: fileError('write', unfinishedPart(this.#place, this.#begun - 1), error) };
    }
    this.#writing = undefined;
  }

  async #beginPart(): Promise<void> {
    await this.#endPart();
    this.#begun += 1;
    this.#handle = await open(unfinishedPart(this.#place, this.#begun - 1), 'w');
    await this.#handle.appendFile(this.#encoder.header);
  }

  async #endPart(): Promise<void> {
    const handle = this.#handle;
    this.#handle = undefined;
    try {
      await handle?.sync();
    } finally {
      await handle?.close();
    }
  }

  async #finish(): Promise<void> {
    try {
      await this.#endPart();
      for (let part = 0; part < this.#begun; part += 1) {
        await rename(unfinishedPart(this.#place, part), finishedPart(this.#place, part));
      }
      await removeOutdated(this.#place, this.#begun, this.#parallelism);
    } catch (error) {
      throw fileError('finish the files in', this.#place.folder, error);
    }
  }
}
