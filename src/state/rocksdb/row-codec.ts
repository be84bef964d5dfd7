import { deserialize, serialize } from 'node:v8';
import { Packr } from 'msgpackr';
import { UserError } from '../../base/errors.ts';
import { isPlain } from '../../base/plain-value.ts';
import type { KeyIdentity } from '../key-encoding.ts';
import { RocksDbRow } from './rocksdb-row.ts';

/** Shapes of objects that are kept aside; further ones are written out with each value. */
const SHARED_SHAPES = 64;

/**
 * Rows as bytes: `[mark, slot 0, slot 1 ...]` in MessagePack, or `[-1 - mark, bytes]` with V8's serializer where MessagePack
 * would change a value. Shapes of objects are kept here, so that only this codec reads what it wrote. The mark tells in which
 * interval the row was changed, and whether it lost a value then.
 */
export class RowCodec {
  readonly #packr = new Packr({
    useRecords: true,
    moreTypes: true,
    useBigIntExtension: true,
    copyBuffers: true,
    structures: [],
    maxSharedStructures: SHARED_SHAPES,
  });

  /** @throws UserError for what cannot be state */
  encode(row: RocksDbRow, slots: number): Uint8Array {
    const mark = row.version * 2 + (row.cleared ? 1 : 0);
    const values: unknown[] = [mark];
    let plain = true;
    for (let slot = 0; slot < slots; slot += 1) {
      const value = row.get(slot);
      plain = plain && isPlain(value);
      values.push(value);
    }
    return plain ? this.#packr.pack(values) : this.#packr.pack([-1 - mark, serialized(values)]);
  }

  decode(identity: KeyIdentity, group: number, bytes: Uint8Array): RocksDbRow {
    let values = this.#packr.unpack(bytes) as [number, ...unknown[]];
    let mark = values[0];
    if (mark < 0) {
      mark = -1 - mark;
      values = deserialize(values[1] as Uint8Array) as [number, ...unknown[]];
    }
    const row = new RocksDbRow(identity, group, Math.floor(mark / 2));
    row.cleared = mark % 2 === 1;
    for (let slot = 0; slot + 1 < values.length; slot += 1) {
      const value = values[slot + 1];
      if (value === undefined) continue;
      row.set(slot, value);
      row.used += 1;
    }
    return row;
  }
}

function serialized(values: unknown): Uint8Array {
  try {
    return serialize(values);
  } catch (cause) {
    throw new UserError(
      `a value of state cannot be written to RocksDB: ${cause instanceof Error ? cause.message : String(cause)}; ` +
        'state holds data only, no functions, symbols, promises or handles',
      { cause },
    );
  }
}
