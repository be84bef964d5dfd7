import { RowBlock } from './file-format.ts';
import type { FileDecoder, InputFile, RecordBlock } from './file-format.ts';
import { countLines } from './lines.ts';
import type { LineChunk } from './lines.ts';

/** What became of a chunk of text. */
export interface ParsedText<T> {
  readonly rows: T[];
  /** `line` counts from 0 within the chunk; `index` is that of the next good row. */
  readonly failures: readonly {
    readonly index: number;
    readonly line: number;
    readonly raw: string;
    readonly cause: unknown;
  }[];
  /** Lines in the chunk. */
  readonly lines: number;
}

/** Turns chunks of whole records into blocks, and keeps count of lines so that errors can name them. */
export class TextBlockDecoder<T> implements FileDecoder<T> {
  readonly #file: InputFile;
  readonly #start: number;
  readonly #chunks: AsyncGenerator<LineChunk, void>;
  readonly #parse: (text: string, isFileStart: boolean) => ParsedText<T>;
  /** Line ends before the first chunk; counted when an error needs it. */
  #linesBefore: number | undefined;
  #linesRead = 0;
  #rowsRead = 0;
  #firstOffset: number | undefined;

  /** @param offset where reading begins: what the first block's position says */
  constructor(
    file: InputFile,
    offset: number,
    chunks: AsyncGenerator<LineChunk, void>,
    parse: (text: string, isFileStart: boolean) => ParsedText<T>,
  ) {
    this.#file = file;
    this.#start = offset;
    this.#chunks = chunks;
    this.#parse = parse;
  }

  async next(): Promise<RecordBlock<T> | undefined> {
    const { value: chunk, done } = await this.#chunks.next();
    if (done === true) return undefined;
    const isFirst = this.#firstOffset === undefined;
    this.#firstOffset ??= chunk.offset;
    const isFileStart = chunk.offset === 0;
    const text = chunk.bytes.toString('utf8');
    const { rows, failures, lines } = this.#parse(isFileStart ? withoutBom(text) : text, isFileStart);
    if (failures.length > 0) this.#linesBefore ??= await this.#countLinesBefore(this.#firstOffset);
    const before = (this.#linesBefore ?? 0) + this.#linesRead;
    const bad = failures.map(({ index, line, raw, cause }) => ({
      index,
      where: `line ${before + line + 1}`,
      raw,
      cause,
    }));
    // Compressed content cannot be entered in the middle: positions count records from the start.
    const position = this.#file.compressed
      ? { offset: this.#start, skip: this.#rowsRead }
      : { offset: isFirst ? this.#start : chunk.offset, skip: 0 };
    this.#linesRead += lines;
    this.#rowsRead += rows.length;
    return new RowBlock(rows, position, bad);
  }

  async close(): Promise<void> {
    await this.#chunks.return(undefined);
  }

  async #countLinesBefore(offset: number): Promise<number> {
    return this.#file.compressed ? 0 : countLines(this.#file, offset);
  }
}

function withoutBom(text: string): string {
  return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
}
