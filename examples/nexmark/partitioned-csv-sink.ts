import { appendFile, mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CsvEncoder } from 'millrace';
import type { Sink, SinkWriter } from 'millrace';

/** A row on its way into a partition, or word that the partition is complete. */
export interface PartitionEntry<T> {
  /** Folder of the partition below that of the sink. */
  readonly partition: string;
  /** Missing where all rows of the partition have come before. */
  readonly row?: T;
}

/** Text of a partition goes to its file in pieces of about this many characters. */
const PIECE_CHARS = 256 * 1_024;
/** So much text may wait for the disk before the writer takes no more. */
const WAITING_CHARS = 4 * PIECE_CHARS;

const UNFINISHED = '.part.csv.unfinished';
const FINISHED = 'part.csv';
/** Says that the partition is complete. */
const SUCCESS = '_SUCCESS';

/**
 * CSV files in folders, one per partition. All entries of a partition come to one writer: a partition that is complete
 * gets its file under its own name, and then a marker. A rerun writes the same files again.
 */
export class PartitionedCsvSink<T> implements Sink<PartitionEntry<T>> {
  readonly #folder: string;
  readonly #encoder: CsvEncoder<T>;

  constructor(folder: string, columns: readonly (keyof T & string)[]) {
    this.#folder = folder;
    this.#encoder = new CsvEncoder<T>({ columns, header: false });
  }

  createWriter(): SinkWriter<PartitionEntry<T>> {
    return new PartitionWriter(this.#folder, this.#encoder);
  }
}

/** One subtask's partitions. What it does on the disk happens in order, one piece after the other. */
class PartitionWriter<T> implements SinkWriter<PartitionEntry<T>> {
  readonly #folder: string;
  readonly #encoder: CsvEncoder<T>;
  /** Text of open partitions that is not on its way to the disk yet. */
  readonly #open = new Map<string, string>();
  /** Partitions that have a file. */
  readonly #begun = new Set<string>();
  #waitingChars = 0;
  #work: Promise<void> = Promise.resolve();
  #failure: { readonly error: unknown } | undefined;

  constructor(folder: string, encoder: CsvEncoder<T>) {
    this.#folder = folder;
    this.#encoder = encoder;
  }

  write({ partition, row }: PartitionEntry<T>): void {
    if (row === undefined) {
      this.#send(partition);
      this.#open.delete(partition);
      this.#then(() => this.#complete(partition));
      return;
    }
    const text = (this.#open.get(partition) ?? '') + this.#encoder.encode(row);
    this.#open.set(partition, text);
    if (text.length >= PIECE_CHARS) this.#send(partition);
  }

  pending(): Promise<void> | undefined {
    if (this.#waitingChars < WAITING_CHARS && this.#failure === undefined) return undefined;
    return this.#settled();
  }

  flush(): Promise<void> {
    for (const partition of this.#open.keys()) this.#send(partition);
    return this.#settled();
  }

  async close(): Promise<void> {
    await this.#work;
    for (const partition of this.#begun) await rm(join(this.#folder, partition, UNFINISHED), { force: true });
  }

  #send(partition: string): void {
    const text = this.#open.get(partition) ?? '';
    this.#open.set(partition, '');
    this.#waitingChars += text.length;
    this.#then(async () => {
      await this.#append(partition, text);
      this.#waitingChars -= text.length;
    });
  }

  async #append(partition: string, text: string): Promise<void> {
    const folder = join(this.#folder, partition);
    if (this.#begun.has(partition)) {
      await appendFile(join(folder, UNFINISHED), text);
      return;
    }
    this.#begun.add(partition);
    await mkdir(folder, { recursive: true });
    await rm(join(folder, SUCCESS), { force: true });
    await writeFile(join(folder, UNFINISHED), text);
  }

  async #complete(partition: string): Promise<void> {
    const folder = join(this.#folder, partition);
    await rename(join(folder, UNFINISHED), join(folder, FINISHED));
    await writeFile(join(folder, SUCCESS), '');
    this.#begun.delete(partition);
  }

  #then(step: () => Promise<void>): void {
    this.#work = this.#work.then(async () => {
      if (this.#failure !== undefined) return;
      try {
        await step();
      } catch (error) {
        this.#failure = { error };
      }
    });
  }

  async #settled(): Promise<void> {
    await this.#work;
    if (this.#failure !== undefined)
      throw new Error(`cannot write to ${this.#folder}`, { cause: this.#failure.error });
  }
}
