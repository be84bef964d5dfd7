import { crc32 } from 'node:zlib';
import { Packr, Unpackr } from 'msgpackr';
import type { KeyGroupRange } from '../key-groups.ts';
import { SnapshotCorruptError, SnapshotVersionError } from './errors.ts';

/**
 * A state file: chunks of pairs, then the index that says what they hold, then a trailer. A chunk belongs to one state and one
 * key group, so that a subtask reads its own key groups alone, whatever the parallelism is now.
 *
 *   chunk... | index (MessagePack) | trailer: index offset f64, index length u32, index crc32 u32, version u32, magic u32
 *
 * Numbers are little endian. The format does not depend on the state backend that wrote it.
 */
export const STATE_FILE_VERSION = 1;
const MAGIC = 0x5453524d;
export const TRAILER_BYTES = 24;

/** What a state holds: a value per key, per key and namespace, or per window and key. */
export type StateScope = 'key' | 'namespace' | 'window';

export interface StateInfo {
  readonly name: string;
  /** `value`, `list`, `map`, `reducing`, `aggregating`, `window`. */
  readonly kind: string;
  readonly scope: StateScope;
  /** Whether values carry the time of their last update. */
  readonly ttl: boolean;
  /** Schema version of the values; where missing, 1. */
  readonly version?: number;
  /** The declared type of the values, of a list its elements, of a map its values; canonical JSON. Missing where none is declared. */
  readonly type?: string;
}

/**
 * In the order of application: windows that are gone with all their keys; keys that are gone, from one window or from all the
 * states that are not of windows; pairs.
 */
export const CHUNK_KINDS = ['drop', 'remove', 'put'] as const;
export type ChunkKind = (typeof CHUNK_KINDS)[number];

export interface ChunkInfo {
  readonly kind: ChunkKind;
  /** Index into `states`. */
  readonly state: number;
  readonly keyGroup: number;
  readonly offset: number;
  readonly length: number;
  readonly count: number;
  readonly checksum: number;
}

export interface StateFileIndex {
  readonly states: readonly StateInfo[];
  readonly chunks: readonly ChunkInfo[];
  /** Shapes of objects in the pairs; see PairEncoder. */
  readonly shapes: readonly unknown[];
  readonly maxParallelism: number;
  /** Key groups of the subtask that wrote the file. */
  readonly keyGroups: KeyGroupRange;
}

const packr = new Packr({ useRecords: false });
const unpackr = new Unpackr({ useRecords: false });

export function checksumOf(bytes: Uint8Array): number {
  return crc32(bytes);
}

/** Index and trailer. @param offset of the index in the file */
export function encodeTail(index: StateFileIndex, offset: number): Uint8Array {
  const body = packr.pack({
    ...index,
    chunks: index.chunks.map((c) => [
      CHUNK_KINDS.indexOf(c.kind),
      c.state,
      c.keyGroup,
      c.offset,
      c.length,
      c.count,
      c.checksum,
    ]),
  });
  const tail = new Uint8Array(body.byteLength + TRAILER_BYTES);
  tail.set(body);
  const view = new DataView(tail.buffer, body.byteLength);
  view.setFloat64(0, offset, true);
  view.setUint32(8, body.byteLength, true);
  view.setUint32(12, checksumOf(body), true);
  view.setUint32(16, STATE_FILE_VERSION, true);
  view.setUint32(20, MAGIC, true);
  return tail;
}

export interface Trailer {
  readonly offset: number;
  readonly length: number;
  readonly checksum: number;
}

/** @throws SnapshotCorruptError for what is no state file, SnapshotVersionError for one of a later version */
export function decodeTrailer(path: string, bytes: Uint8Array, fileBytes: number): Trailer {
  if (bytes.byteLength !== TRAILER_BYTES)
    throw new SnapshotCorruptError(path, 'it is shorter than its trailer');
  const view = new DataView(bytes.buffer, bytes.byteOffset, TRAILER_BYTES);
  if (view.getUint32(20, true) !== MAGIC)
    throw new SnapshotCorruptError(path, 'it is no state file, or cut off');
  const version = view.getUint32(16, true);
  if (version > STATE_FILE_VERSION) throw new SnapshotVersionError(path, version, STATE_FILE_VERSION);
  const trailer = {
    offset: view.getFloat64(0, true),
    length: view.getUint32(8, true),
    checksum: view.getUint32(12, true),
  };
  if (trailer.offset + trailer.length + TRAILER_BYTES !== fileBytes)
    throw new SnapshotCorruptError(path, `its index does not end where the file does (${fileBytes} bytes)`);
  return trailer;
}

/** @throws SnapshotCorruptError when it is not what was written */
export function decodeIndex(path: string, bytes: Uint8Array, trailer: Trailer): StateFileIndex {
  if (checksumOf(bytes) !== trailer.checksum)
    throw new SnapshotCorruptError(path, 'the checksum of its index is wrong');
  const index = unpackr.unpack(bytes) as Omit<StateFileIndex, 'chunks'> & {
    readonly chunks: readonly number[][];
  };
  return {
    ...index,
    chunks: index.chunks.map(([kind, state, keyGroup, offset, length, count, checksum]) => ({
      kind: CHUNK_KINDS[kind as number] ?? 'put',
      state: state as number,
      keyGroup: keyGroup as number,
      offset: offset as number,
      length: length as number,
      count: count as number,
      checksum: checksum as number,
    })),
  };
}
