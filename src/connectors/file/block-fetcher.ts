import { MillraceError } from '../../base/errors.ts';
import { FILE_BLOCKS_AHEAD } from '../../base/limits.ts';
import type { FileDecoder, FileFormat, InputFile, RecordBlock } from '../../formats/file-format.ts';
import type { FileSplit } from './file-split.ts';

/** Decodes one split ahead of the task: at most FILE_BLOCKS_AHEAD blocks wait. */
export class BlockFetcher<T> {
  readonly #format: FileFormat<T>;
  readonly #openFile: () => Promise<InputFile>;
  readonly #split: FileSplit;
  readonly #wake: () => void;
  readonly #blocks: RecordBlock<T>[] = [];
  #decoder: FileDecoder<T> | undefined;
  #running: Promise<void> | undefined;
  #ended = false;
  #closed = false;
  #failure: unknown;

  constructor(format: FileFormat<T>, openFile: () => Promise<InputFile>, split: FileSplit, wake: () => void) {
    this.#format = format;
    this.#openFile = openFile;
    this.#split = split;
    this.#wake = wake;
  }

  /** The next block; starts reading when there is room. @throws MillraceError what the world or the user's job did wrong */
  peek(): RecordBlock<T> | undefined {
    const block = this.#blocks[0];
    if (block === undefined && this.#failure instanceof MillraceError) throw this.#failure;
    if (!this.#ended && this.#blocks.length < FILE_BLOCKS_AHEAD) this.#running ??= this.#run();
    return block;
  }

  shift(): void {
    this.#blocks.shift();
  }

  /** Nothing more will come. */
  get ended(): boolean {
    return this.#ended && this.#blocks.length === 0;
  }

  /** Why the data could not be decoded to its end. */
  get damage(): unknown {
    return this.#failure;
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#running;
    await this.#decoder?.close();
  }

  async #run(): Promise<void> {
    try {
      this.#decoder ??= await this.#openDecoder();
      while (!this.#closed && this.#blocks.length < FILE_BLOCKS_AHEAD) {
        const block = await this.#decoder.next();
        if (block === undefined) {
          this.#ended = true;
          break;
        }
        this.#blocks.push(block);
        this.#wake();
        // Decoding is work of this thread: its tasks get their turn between two blocks.
        await new Promise((resolve) => setImmediate(resolve));
      }
    } catch (error) {
      this.#failure = error;
      this.#ended = true;
    }
    this.#running = undefined;
    this.#wake();
  }

  async #openDecoder(): Promise<FileDecoder<T>> {
    if (this.#split.damage !== undefined) throw new Error(this.#split.damage);
    return this.#format.open(await this.#openFile(), this.#split.range, this.#split.position.offset);
  }
}
