import type { SnapshotFile } from '../../ports/snapshot-store.ts';
import { SNAPSHOT_PENDING_BYTES } from '../../base/limits.ts';
import type { KeyGroupRange } from '../key-groups.ts';
import { ChunkBuffer } from './chunk-buffer.ts';
import { CHUNK_KINDS, checksumOf, encodeTail } from './format.ts';
import type { ChunkInfo, ChunkKind, StateInfo } from './format.ts';
import { PairEncoder } from './value-codec.ts';

/** What a file came to. */
export interface WrittenState {
  readonly bytes: number;
  readonly pairs: number;
}

/**
 * Writes one state file: pairs come in any order from the task's loop, synchronously; whole chunks go to the store in the
 * background, one after the other. `congested` says when to let the store catch up.
 */
export class StateWriter {
  readonly #file: Promise<SnapshotFile>;
  readonly #states: readonly StateInfo[];
  readonly #maxParallelism: number;
  readonly #keyGroups: KeyGroupRange;
  readonly #encoder = new PairEncoder();
  readonly #buffers = new Map<number, ChunkBuffer>();
  readonly #chunks: ChunkInfo[] = [];
  #offset = 0;
  #pairs = 0;
  #pendingBytes = 0;
  #writing: Promise<void> = Promise.resolve();
  #failure: { readonly error: unknown } | undefined;

  constructor(
    file: Promise<SnapshotFile>,
    states: readonly StateInfo[],
    keyGroups: KeyGroupRange,
    maxParallelism: number,
  ) {
    this.#file = file;
    this.#keyGroups = keyGroups;
    // Handled where the file is written or closed.
    file.catch(() => {});
    this.#states = states;
    this.#maxParallelism = maxParallelism;
  }

  /** Whether more waits for the store than should be held in memory. */
  get congested(): boolean {
    return this.#pendingBytes > SNAPSHOT_PENDING_BYTES;
  }

  /** Resolves when what waited has been written, or writing failed. */
  drained(): Promise<void> {
    return this.#writing;
  }

  /** A key that is gone. */
  remove(state: number, keyGroup: number, key: unknown): void {
    this.#add('remove', state, keyGroup, key, undefined);
  }

  /** A pair as it is now; an undefined value means that this state of the key has none. */
  put(state: number, keyGroup: number, key: unknown, value: unknown): void {
    this.#add('put', state, keyGroup, key, value);
  }

  /** A window that is gone with all its keys. */
  drop(state: number, window: number): void {
    this.#add('drop', state, 0, window, undefined);
  }

  /** Writes what is left and the index. @throws what the store failed with */
  async finish(): Promise<WrittenState> {
    for (const [place, buffer] of this.#buffers) if (buffer.count > 0) this.#cut(place, buffer);
    await this.#writing;
    const file = await this.#file;
    if (this.#failure !== undefined) {
      await file.abort();
      throw this.#failure.error;
    }
    const tail = encodeTail(
      {
        states: this.#states,
        chunks: this.#chunks,
        shapes: this.#encoder.shapes.map((shape) => [...(shape as string[])]),
        maxParallelism: this.#maxParallelism,
        keyGroups: this.#keyGroups,
      },
      this.#offset,
    );
    try {
      await file.write(tail);
    } catch (error) {
      await file.abort();
      throw error;
    }
    await file.close();
    return { bytes: this.#offset + tail.byteLength, pairs: this.#pairs };
  }

  async abort(): Promise<void> {
    this.#failure ??= { error: new Error('aborted') };
    await this.#writing;
    await (await this.#file).abort();
  }

  #add(kind: ChunkKind, state: number, keyGroup: number, key: unknown, value: unknown): void {
    const place = (state * CHUNK_KINDS.length + CHUNK_KINDS.indexOf(kind)) * this.#maxParallelism + keyGroup;
    let buffer = this.#buffers.get(place);
    if (buffer === undefined) {
      buffer = new ChunkBuffer();
      this.#buffers.set(place, buffer);
    }
    this.#pairs += 1;
    if (buffer.add(this.#encoder.encode(key, value))) this.#cut(place, buffer);
  }

  #cut(place: number, buffer: ChunkBuffer): void {
    const { count } = buffer;
    const bytes = buffer.take();
    const list = Math.floor(place / this.#maxParallelism);
    this.#chunks.push({
      kind: CHUNK_KINDS[list % CHUNK_KINDS.length] as ChunkKind,
      state: Math.floor(list / CHUNK_KINDS.length),
      keyGroup: place % this.#maxParallelism,
      offset: this.#offset,
      length: bytes.byteLength,
      count,
      checksum: checksumOf(bytes),
    });
    this.#offset += bytes.byteLength;
    this.#pendingBytes += bytes.byteLength;
    this.#writing = this.#writing.then(() => this.#write(bytes));
  }

  async #write(bytes: Uint8Array): Promise<void> {
    try {
      if (this.#failure === undefined) await (await this.#file).write(bytes);
    } catch (error) {
      this.#failure ??= { error };
    }
    this.#pendingBytes -= bytes.byteLength;
  }
}
