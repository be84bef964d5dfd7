import { createWriteStream } from 'node:fs';
import type { WriteStream } from 'node:fs';
import { PassThrough } from 'node:stream';
import { finished } from 'node:stream/promises';
import { OUTPUT_HELD_BYTES, OUTPUT_KEPT_BYTES } from '../../../src/base/limits.ts';
import type { Logger } from '../../../src/ports/logger.ts';

/**
 * Where the standard output of slots goes: on to the process's, and into a file beside its log, which REST shows as `stdout`. Where
 * nothing is printed there is no file.
 */
export function keptOutput(logFile: string, logger: Logger): NodeJS.WritableStream {
  const output = new PassThrough();
  output.pipe(process.stdout, { end: false });
  const kept = new OutputFile(logFile, logger);
  output.on('data', (chunk: Buffer) => kept.write(chunk));
  return output;
}

/**
 * Keeps what this thread prints itself, in the same way: in a JobManager that is user code, as modules are loaded and splits
 * enumerated.
 * @param output default: the process's
 * @returns ends it, once all is written
 */
export function keepOwnOutput(
  logFile: string,
  logger: Logger,
  output: Pick<NodeJS.WriteStream, 'write'> = process.stdout,
): () => Promise<void> {
  const kept = new OutputFile(logFile, logger);
  const before = output.write;
  const write = before.bind(output) as (...all: unknown[]) => boolean;
  // `console` looks the method up at each call.
  output.write = (chunk: string | Uint8Array, ...more: unknown[]): boolean => {
    const [encoding] = more;
    kept.write(
      typeof chunk === 'string'
        ? Buffer.from(chunk, typeof encoding === 'string' ? (encoding as BufferEncoding) : 'utf8')
        : Buffer.from(chunk),
    );
    return write(chunk, ...more);
  };
  return () => {
    output.write = before;
    return kept.end();
  };
}

/** Opened with the first chunk; bounded. */
class OutputFile {
  readonly #path: string;
  readonly #logger: Logger;
  #file: WriteStream | undefined;
  #kept = 0;

  constructor(logFile: string, logger: Logger) {
    this.#path = `${logFile.replace(/\.log$/, '')}.out`;
    this.#logger = logger;
  }

  write(chunk: Buffer): void {
    if (this.#kept > OUTPUT_KEPT_BYTES) return;
    this.#file ??= this.#open();
    this.#kept += chunk.length;
    if (this.#kept > OUTPUT_KEPT_BYTES) this.#file.end('\n(more is not kept)\n');
    // A slow disk loses lines here rather than holding up the job, or filling the memory.
    else if (this.#file.writableLength < OUTPUT_HELD_BYTES) this.#file.write(chunk);
  }

  async end(): Promise<void> {
    this.#kept = Number.POSITIVE_INFINITY;
    if (this.#file === undefined || this.#file.destroyed) return;
    this.#file.end();
    await finished(this.#file).catch(() => {});
  }

  #open(): WriteStream {
    const file = createWriteStream(this.#path, { flags: 'a' });
    file.on('error', (error) => {
      this.#logger.warn('standard output is not kept any more', { path: this.#path, error });
    });
    return file;
  }
}
