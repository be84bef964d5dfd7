import { SNAPSHOT_READ_BYTES } from '../../base/limits.ts';
import type { SnapshotStore } from '../../ports/snapshot-store.ts';
import type { KeyGroupRange } from '../key-groups.ts';
import { SnapshotCorruptError, SnapshotNotFoundError } from './errors.ts';
import { CHUNK_KINDS, checksumOf, decodeIndex, decodeTrailer, TRAILER_BYTES } from './format.ts';
import type { ChunkInfo, ChunkKind, StateFileIndex } from './format.ts';
import { PairDecoder } from './value-codec.ts';

/** Takes the content of a state file, in the order in which it must be applied. */
export interface StateVisitor {
  drop(state: number, window: number): void;
  remove(state: number, keyGroup: number, key: unknown): void;
  /** An undefined value means that this state of the key has none. */
  put(state: number, keyGroup: number, key: unknown, value: unknown): void;
}

/** Chunks that lie beside each other, read at once. */
interface Run {
  readonly offset: number;
  length: number;
  readonly chunks: ChunkInfo[];
}

/** Reads one state file: its index first, then the chunks of the key groups that are wanted. */
export class StateReader {
  readonly path: string;
  readonly index: StateFileIndex;
  readonly #store: SnapshotStore;

  private constructor(store: SnapshotStore, path: string, index: StateFileIndex) {
    this.#store = store;
    this.path = path;
    this.index = index;
  }

  /** @throws SnapshotNotFoundError, SnapshotCorruptError, SnapshotVersionError */
  static async open(store: SnapshotStore, path: string): Promise<StateReader> {
    const size = await store.size(path);
    if (size === undefined) throw new SnapshotNotFoundError(path, store.location);
    const tail = await store.read(path, Math.max(0, size - TRAILER_BYTES), Math.min(size, TRAILER_BYTES));
    const trailer = decodeTrailer(path, tail, size);
    const index = await store.read(path, trailer.offset, trailer.length);
    return new StateReader(store, path, decodeIndex(path, index, trailer));
  }

  /**
   * Visits what to drop and to remove, then the pairs, of `keyGroups`.
   * @param wants which states, by their index, and what of them
   * @param pause called after each chunk, and waited for where it gives a promise
   * @throws SnapshotNotFoundError, SnapshotCorruptError
   */
  async visit(
    keyGroups: KeyGroupRange,
    visitor: StateVisitor,
    wants: (state: number, kind: ChunkKind) => boolean = () => true,
    pause: () => Promise<void> | undefined = () => undefined,
  ): Promise<void> {
    const { start, end } = keyGroups;
    const wanted = this.index.chunks.filter(
      ({ kind, keyGroup, state }) =>
        wants(state, kind) && (kind === 'drop' || (keyGroup >= start && keyGroup <= end)),
    );
    const decoder = new PairDecoder(this.index.shapes);
    for (const kind of CHUNK_KINDS) {
      for (const run of runsOf(wanted.filter((chunk) => chunk.kind === kind))) {
        const bytes = await this.#store.read(this.path, run.offset, run.length);
        for (const chunk of run.chunks) {
          this.#visitChunk(chunk, bytes, run, decoder, visitor);
          const paused = pause();
          if (paused !== undefined) await paused;
        }
      }
    }
  }

  #visitChunk(
    chunk: ChunkInfo,
    bytes: Uint8Array,
    run: Run,
    decoder: PairDecoder,
    visitor: StateVisitor,
  ): void {
    const { state, keyGroup, kind, count } = chunk;
    const from = chunk.offset - run.offset;
    const content = bytes.subarray(from, from + chunk.length);
    if (content.byteLength !== chunk.length || checksumOf(content) !== chunk.checksum)
      throw new SnapshotCorruptError(this.path, `the checksum of key group ${keyGroup} is wrong`);
    let seen = 0;
    decoder.decode(content, (key, value) => {
      seen += 1;
      if (kind === 'drop') visitor.drop(state, key as number);
      else if (kind === 'remove') visitor.remove(state, keyGroup, key);
      else visitor.put(state, keyGroup, key, value);
    });
    if (seen !== count)
      throw new SnapshotCorruptError(
        this.path,
        `key group ${keyGroup} has ${seen} entries where ${count} were written`,
      );
  }
}

function runsOf(chunks: readonly ChunkInfo[]): Run[] {
  const runs: Run[] = [];
  for (const chunk of chunks.toSorted((a, b) => a.offset - b.offset)) {
    const last = runs.at(-1);
    if (
      last !== undefined &&
      last.offset + last.length === chunk.offset &&
      last.length < SNAPSHOT_READ_BYTES
    ) {
      last.length += chunk.length;
      last.chunks.push(chunk);
    } else runs.push({ offset: chunk.offset, length: chunk.length, chunks: [chunk] });
  }
  return runs;
}
