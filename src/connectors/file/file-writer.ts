import { open, rename, rm } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { FILE_BUFFER_CHARS, FILE_WRITE_CHARS } from '../../base/limits.ts';
import type { RowEncoder } from '../../formats/row-encoder.ts';
import { DeliveryGuarantee } from '../../functions/sink.ts';
import type { SinkWriter } from '../../functions/sink.ts';
import { fileError } from './file-error.ts';
import type { PendingFile } from './file-committer.ts';
import { syncFolder } from './folder.ts';
import { finishedPart, preparedPart, removeOutdated, unfinishedPart } from './part-files.ts';
import type { PartPlace } from './part-files.ts';
import { RollingTimer } from './rolling.ts';
import type { RollingPolicy } from './rolling.ts';

export interface FileWriterOptions<T> {
  readonly place: PartPlace;
  readonly encoder: RowEncoder<T>;
  readonly rolling: RollingPolicy;
  readonly guarantee: DeliveryGuarantee;
  /** Wall time in ms. */
  readonly now: () => number;
}

/** Text for one part. */
interface Piece {
  readonly part: number;
  readonly text: string;
}

/**
 * One subtask's part files. Records become text at once; text goes to the disk in large pieces, one under way. At a barrier the
 * parts so far are complete, on the disk, and wait under a hidden name for their checkpoint, or get their names at once where less than
 * exactly once is asked for; the next record begins another one.
 */
export class FileWriter<T> implements SinkWriter<T, PendingFile> {
  readonly #place: PartPlace;
  readonly #encoder: RowEncoder<T>;
  readonly #rolling: RollingPolicy;
  readonly #guarantee: DeliveryGuarantee;
  readonly #timer: RollingTimer;
  #records = 0;
  #bytesSent = 0;
  /** Text of part `#part` that is not in a piece yet. */
  #text = '';
  #part = 0;
  #partBytes = 0;
  readonly #pieces: Piece[] = [];
  #waitingChars = 0;
  #handle: FileHandle | undefined;
  /** Parts begun on the disk, and those of them that were prepared. */
  #begun = 0;
  #prepared = 0;
  /** Bytes of parts that were ended. */
  readonly #sizes: number[] = [];
  #writing: Promise<void> | undefined;
  #failure: { readonly error: unknown } | undefined;

  constructor({ place, encoder, rolling, guarantee, now }: FileWriterOptions<T>) {
    this.#place = place;
    this.#encoder = encoder;
    this.#rolling = rolling;
    this.#guarantee = guarantee;
    const look = () => ({ part: this.#part, empty: this.#isEmpty, records: this.#records });
    this.#timer = new RollingTimer(
      rolling,
      () => now(),
      look,
      () => this.#nextPart(),
    );
  }

  write(value: T): void {
    const text = this.#encoder.encode(value);
    this.#text += text;
    this.#records += 1;
    if (this.#rolling.bytes !== Infinity) this.#roll(text);
    if (this.#text.length >= FILE_WRITE_CHARS) this.#startWriting();
  }

  pending(): Promise<void> | undefined {
    if (this.#waitingChars < FILE_BUFFER_CHARS && this.#failure === undefined) return undefined;
    return this.#settled();
  }

  async flush(endOfInput: boolean): Promise<void> {
    this.#startWriting();
    await this.#settled();
    if (endOfInput && !this.#place.checkpointed && this.#prepared === 0) await this.#finish();
  }

  async prepareCommit(checkpointId: number): Promise<readonly PendingFile[]> {
    const { folder } = this.#place;
    const waits = this.#guarantee === DeliveryGuarantee.EXACTLY_ONCE;
    const files: PendingFile[] = [];
    try {
      await this.#endPart();
      for (; this.#prepared < this.#begun; this.#prepared += 1) {
        const names = preparedPart(this.#place, checkpointId, files.length);
        const name = waits ? names.pending : names.target;
        await rename(unfinishedPart(this.#place, this.#prepared), join(folder, name));
        files.push({ folder, ...names, bytes: this.#sizes[this.#prepared] ?? 0 });
      }
      if (files.length > 0 && this.#forcesToDisk) await syncFolder(folder);
    } catch (error) {
      throw fileError('prepare the files in', folder, error);
    }
    this.#part = this.#begun;
    this.#partBytes = 0;
    return waits ? files : [];
  }

  get #forcesToDisk(): boolean {
    return this.#guarantee !== DeliveryGuarantee.NONE;
  }

  bytesSent(): number {
    return this.#bytesSent;
  }

  async close(_aborted: boolean): Promise<void> {
    this.#timer.close();
    this.#text = '';
    this.#pieces.length = 0;
    await this.#writing;
    await this.#handle?.close();
    this.#handle = undefined;
    // Finished parts have their own names by now; what is left was not finished.
    for (let part = this.#prepared; part < this.#begun; part += 1)
      await rm(unfinishedPart(this.#place, part), { force: true });
  }

  #roll(text: string): void {
    this.#partBytes += Buffer.byteLength(text, 'utf8');
    if (this.#partBytes >= this.#rolling.bytes) this.#nextPart();
  }

  #nextPart(): void {
    this.#startWriting();
    this.#part += 1;
    this.#partBytes = 0;
  }

  /** Whether the part in hand holds nothing. */
  get #isEmpty(): boolean {
    return this.#text === '' && this.#pieces.at(-1)?.part !== this.#part && this.#begun <= this.#part;
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
        await this.#append(piece.text);
        this.#waitingChars -= piece.text.length;
      }
    } catch (error) {
      this.#failure = { error: fileError('write', unfinishedPart(this.#place, this.#begun - 1), error) };
    }
    this.#writing = undefined;
  }

  async #append(text: string): Promise<void> {
    const bytes = Buffer.from(text, 'utf8');
    await this.#handle?.appendFile(bytes);
    this.#bytesSent += bytes.byteLength;
  }

  async #beginPart(): Promise<void> {
    await this.#endPart();
    this.#begun += 1;
    // Whoever has a file of this name is an attempt that should be dead: neither may write into the other's.
    this.#handle = await open(unfinishedPart(this.#place, this.#begun - 1), 'wx');
    await this.#append(this.#encoder.header);
  }

  async #endPart(): Promise<void> {
    const handle = this.#handle;
    this.#handle = undefined;
    try {
      if (this.#forcesToDisk) await handle?.sync();
      if (handle !== undefined) this.#sizes[this.#begun - 1] = (await handle.stat()).size;
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
      // Nothing is left to be prepared or removed.
      this.#prepared = this.#begun;
      await removeOutdated(this.#place, this.#begun);
      if (this.#forcesToDisk) await syncFolder(this.#place.folder);
    } catch (error) {
      throw fileError('finish the files in', this.#place.folder, error);
    }
  }
}
