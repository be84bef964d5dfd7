import type { FileFormat, RecordBlock } from '../../formats/file-format.ts';
import type {
  BadRecordPolicy,
  SourceBatch,
  SourceReader,
  SourceReaderContext,
} from '../../functions/source.ts';
import { SplitQueue } from '../split/split-queue.ts';
import { BlockFetcher } from './block-fetcher.ts';
import type { FileSplit } from './file-split.ts';
import { LocalFile } from './local-file.ts';

/** Reads splits of files one after the other; `poll` only takes from what was decoded ahead. */
export class FileReader<T> implements SourceReader<T, FileSplit> {
  readonly #format: FileFormat<T>;
  readonly #badRecords: BadRecordPolicy;
  readonly #context: SourceReaderContext;
  readonly #queue: SplitQueue<FileSplit>;
  #fetcher: BlockFetcher<T> | undefined;
  /** The file of the split in hand stays open for the next split of the same file. */
  #file: Promise<LocalFile> | undefined;
  #filePath: string | undefined;
  /** Records taken from the block in hand, and bad ones reported. */
  #taken = 0;
  #reported = 0;
  /** Records at the start of the split that were read before a restore. */
  #skip = 0;
  /** Bad records behind those that were reported before a restore. */
  #skipBad = 0;

  constructor(format: FileFormat<T>, badRecords: BadRecordPolicy, context: SourceReaderContext) {
    this.#format = format;
    this.#badRecords = badRecords;
    this.#context = context;
    this.#queue = new SplitQueue(context);
  }

  start(): void {
    this.#queue.request();
  }

  addSplits(splits: readonly FileSplit[]): void {
    this.#queue.add(splits);
  }

  notifyNoMoreSplits(): void {
    this.#queue.notifyNoMore();
  }

  poll(maxRecords: number): SourceBatch<T> | 'waiting' | 'end' {
    for (;;) {
      const split = this.#queue.current;
      if (split === undefined) return this.#queue.idle();
      const fetcher = (this.#fetcher ??= this.#fetch(split));
      const block = fetcher.peek();
      if (block === undefined) {
        if (!fetcher.ended) return 'waiting';
        this.#finish(split, fetcher);
        continue;
      }
      const batch = this.#take(split, block, maxRecords);
      if (batch !== undefined) return batch;
      fetcher.shift();
      this.#taken = 0;
      this.#reported = 0;
    }
  }

  available(): Promise<void> {
    return this.#queue.available();
  }

  /** To the block in hand; undefined where the format does not count bytes, or a file is compressed. */
  pendingBytes(): number | undefined {
    if (this.#format.unit !== 'bytes') return undefined;
    let bytes = 0;
    for (const { range, position } of this.#queue.splits) {
      if (range.end === Number.MAX_SAFE_INTEGER) return undefined;
      bytes += Math.max(0, range.end - position.offset);
    }
    return bytes;
  }

  /** Undefined where the format does not count rows. */
  pendingRecords(): number | undefined {
    if (this.#format.unit !== 'rows') return undefined;
    let rows = 0;
    for (const { range, position } of this.#queue.splits)
      rows += Math.max(0, range.end - position.offset - position.skip);
    return rows;
  }

  snapshotState(): readonly FileSplit[] {
    return [...this.#queue.splits];
  }

  async close(): Promise<void> {
    this.#queue.wake();
    await this.#fetcher?.close();
    this.#fetcher = undefined;
    await this.#closeFile();
  }

  #fetch(split: FileSplit): BlockFetcher<T> {
    this.#skip = split.position.skip;
    this.#skipBad = split.position.bad ?? 0;
    return new BlockFetcher(
      this.#format,
      () => this.#open(split.path),
      split,
      () => this.#queue.wake(),
    );
  }

  /** The next records of the block; `undefined` when it holds none any more. */
  #take(split: FileSplit, block: RecordBlock<T>, maxRecords: number): SourceBatch<T> | undefined {
    this.#passRestored(block);
    for (let bad = block.bad[this.#reported]; bad?.index === this.#taken; bad = block.bad[this.#reported]) {
      this.#reported += 1;
      this.#noteBad(block);
      this.#context.reportBadRecord(this.#badRecords, `${split.path}, ${bad.where}`, bad.raw, bad.cause);
    }
    const nextBad = block.bad[this.#reported]?.index ?? block.length;
    const end = Math.min(block.length, nextBad, this.#taken + maxRecords);
    if (end === this.#taken) return undefined;
    const values = block.slice(this.#taken, end);
    this.#taken = end;
    const { offset, skip } = block.position;
    this.#queue.advance({ ...split, position: { offset, skip: skip + end } });
    return { splitId: split.splitId, values };
  }

  /** Passes over what was handed out before a restore. */
  #passRestored({ length, bad }: RecordBlock<T>): void {
    if (this.#skip === 0 && this.#skipBad === 0) return;
    if (this.#skip > 0) {
      this.#taken = Math.min(this.#skip, length);
      this.#skip -= this.#taken;
    }
    // Where records of a later block were read, all bad ones of this block were reported.
    const readBeyond = this.#skip > 0;
    while (readBeyond ? this.#reported < bad.length : (bad[this.#reported]?.index ?? Infinity) < this.#taken)
      this.#reported += 1;
    for (; !readBeyond && this.#skipBad > 0 && bad[this.#reported]?.index === this.#taken; this.#skipBad -= 1)
      this.#reported += 1;
    if (this.#taken < length) this.#skipBad = 0;
  }

  /** Stores that a bad record was reported: no read-on reports it again. */
  #noteBad({ position }: RecordBlock<T>): void {
    const split = this.#queue.current as FileSplit;
    const [offset, skip] = [position.offset, position.skip + this.#taken];
    const same = split.position.offset === offset && split.position.skip === skip;
    const bad = (same ? (split.position.bad ?? 0) : 0) + 1;
    this.#queue.advance({ ...split, position: { offset, skip, bad } });
  }

  #finish(split: FileSplit, fetcher: BlockFetcher<T>): void {
    this.#fetcher = undefined;
    this.#queue.finishCurrent();
    this.#release(fetcher);
    const { damage } = fetcher;
    if (damage !== undefined) this.#context.reportBadRecord(this.#badRecords, split.path, '', damage);
  }

  /** An ended fetcher has nothing under way: closing it cannot fail in a way that matters to the records read. */
  #release(fetcher: BlockFetcher<T>): void {
    fetcher.close().catch(() => {});
  }

  #open(path: string): Promise<LocalFile> {
    if (this.#file !== undefined && this.#filePath === path) return this.#file;
    const previous = this.#closeFile();
    this.#filePath = path;
    this.#file = previous.then(() => LocalFile.open(path));
    return this.#file;
  }

  async #closeFile(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    this.#filePath = undefined;
    // A file that did not open is reported by the split that wanted it.
    const opened = await file?.catch(() => undefined);
    await opened?.close();
  }
}
