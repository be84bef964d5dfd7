import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { createGunzip } from 'node:zlib';
import { FILE_READ_BYTES } from '../../base/limits.ts';
import type { InputFile } from '../../formats/file-format.ts';
import { fileError } from './file-error.ts';

const GZIP_MAGIC = [0x1f, 0x8b];

/** A file of this machine, kept open. */
export class LocalFile implements InputFile {
  readonly path: string;
  readonly size: number;
  readonly compressed: boolean;
  readonly #handle: FileHandle;

  private constructor(path: string, size: number, compressed: boolean, handle: FileHandle) {
    this.path = path;
    this.size = size;
    this.compressed = compressed;
    this.#handle = handle;
  }

  /** Gzip is known by its first two bytes, whatever the name. @throws UserError or ExternalError naming the file */
  static async open(path: string): Promise<LocalFile> {
    let handle: FileHandle | undefined;
    try {
      handle = await open(path, 'r');
      const { size } = await handle.stat();
      const { buffer, bytesRead } = await handle.read(
        Buffer.alloc(GZIP_MAGIC.length),
        0,
        GZIP_MAGIC.length,
        0,
      );
      const compressed =
        bytesRead === GZIP_MAGIC.length && GZIP_MAGIC.every((byte, index) => buffer[index] === byte);
      return new LocalFile(path, size, compressed, handle);
    } catch (error) {
      await handle?.close();
      throw fileError('read', path, error);
    }
  }

  async read(start: number, end: number): Promise<Uint8Array<ArrayBuffer>> {
    const bytes = new Uint8Array(Math.max(0, Math.min(end, this.size) - start));
    let filled = 0;
    try {
      while (filled < bytes.length) {
        const { bytesRead } = await this.#handle.read(bytes, filled, bytes.length - filled, start + filled);
        if (bytesRead === 0) break;
        filled += bytesRead;
      }
    } catch (error) {
      throw fileError('read', this.path, error);
    }
    return bytes.subarray(0, filled);
  }

  async *chunks(start: number): AsyncIterable<Uint8Array> {
    if (this.compressed) {
      yield* this.#decompressed();
      return;
    }
    for (let position = start; position < this.size;) {
      const bytes = await this.read(position, position + FILE_READ_BYTES);
      if (bytes.length === 0) return;
      yield bytes;
      position += bytes.length;
    }
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }

  /** Damaged compression is thrown as zlib says it: it means malformed data. */
  async *#decompressed(): AsyncGenerator<Uint8Array> {
    const stored = this.#handle.createReadStream({
      start: 0,
      autoClose: false,
      highWaterMark: FILE_READ_BYTES,
    });
    const gunzip = createGunzip({ chunkSize: FILE_READ_BYTES });
    stored.on('error', (error) => gunzip.destroy(fileError('read', this.path, error)));
    stored.pipe(gunzip);
    try {
      for await (const chunk of gunzip) yield chunk as Uint8Array;
    } finally {
      stored.destroy();
      gunzip.destroy();
    }
  }
}
