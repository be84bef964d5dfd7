import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { UserError } from '../../base/errors.ts';
import { keyIdentity } from '../key-encoding.ts';
import { RocksDbRow } from './rocksdb-row.ts';
import { RowCodec } from './row-codec.ts';
import { RowKeys } from './row-keys.ts';
import { WorkingSet } from './working-set.ts';

const primitive = fc.oneof(
  fc.string({ unit: 'binary' }),
  // Lone surrogates too.
  fc.array(fc.integer({ min: 0, max: 0xffff })).map((units) => String.fromCharCode(...units)),
  fc.double({ noNaN: true }),
  fc.integer(),
  fc.bigInt(),
  fc.boolean(),
  fc.constant(null),
);
const identity = fc.oneof(primitive, fc.array(primitive, { maxLength: 3 })).map((key) => keyIdentity(key));
const group = fc.integer({ min: 0, max: 0xffff });
const newRow = (): RocksDbRow => new RocksDbRow('k', 3, 7);

describe('keys of rows', () => {
  it('when a key is written, then it gives back its key group and identity', () => {
    const keys = new RowKeys(3);
    fc.assert(
      fc.property(group, identity, fc.nat(0xffff), (of, id, interval) => {
        for (const make of [() => keys.row(of, id), () => keys.change(interval, of, id)]) {
          const key = Buffer.from(make());
          expect(keys.groupOf(key)).toBe(of);
          const back = keys.identityOf(key);
          // Zero has one identity, whatever its sign, as in a map.
          expect(new Map([[back, 1]]).has(id)).toBe(true);
        }
      }),
    );
  });

  it('when keys are sorted, then they go by key group, and lie within the bounds of their table and operator alone', () => {
    const keys = new RowKeys(3);
    fc.assert(
      fc.property(group, identity, group, identity, (one, id, two, other) => {
        const [a, b] = [Buffer.from(keys.row(one, id)), Buffer.from(keys.row(two, other))];
        if (one !== two) expect(Buffer.compare(a, b)).toBe(Math.sign(one - two));
        const within = (key: Uint8Array, [from, to]: readonly [Uint8Array, Uint8Array]): boolean =>
          Buffer.compare(key, from) >= 0 && Buffer.compare(key, to) < 0;
        expect(within(a, keys.rows)).toBe(true);
        expect(within(a, keys.changes(0, 9))).toBe(false);
        expect(within(a, new RowKeys(2).rows)).toBe(false);
        const change = Buffer.from(keys.change(5, one, id));
        expect([keys.changes(5, 5), keys.changes(4, 4), keys.rows].map((of) => within(change, of))).toEqual([
          true,
          false,
          false,
        ]);
      }),
    );
  });
});

describe('rows as bytes', () => {
  it('when a row is written, then it comes back with its values, whatever they are', () => {
    const value = fc.oneof(
      fc.anything({ withBigInt: true, withDate: true, withMap: true, withSet: true, withTypedArray: true }),
      fc.constant(undefined),
    );
    const codec = new RowCodec();
    fc.assert(
      fc.property(
        fc.array(value, { maxLength: 4 }),
        fc.nat(1e6),
        fc.boolean(),
        (values, version, cleared) => {
          const row = new RocksDbRow('k', 3, version);
          row.cleared = cleared;
          for (const [slot, one] of values.entries()) {
            if (one === undefined) continue;
            row.set(slot, one);
            row.used += 1;
          }
          const back = codec.decode('k', 3, codec.encode(row, values.length));
          expect([back.version, back.cleared, back.used]).toEqual([version, cleared, row.used]);
          // Own properties, as state has no classes.
          for (const slot of values.keys())
            expect(structuredClone(back.get(slot))).toEqual(structuredClone(row.get(slot)));
        },
      ),
    );
  });

  it('when a value is no data, then it is refused with what is wrong', () => {
    const row = newRow();
    row.set(0, { call: () => 1 });
    expect(() => new RowCodec().encode(row, 1)).toThrow(UserError);
    expect(() => new RowCodec().encode(row, 1)).toThrow('state holds data only');
  });
});

describe('the working set', () => {
  it('when rows come and go, then it holds what its budget allows for, and what leaves has been written back', () => {
    const written = new Set<unknown>();
    const set: WorkingSet = new WorkingSet(1_000_000, (rows, count) => {
      for (let n = 0; n < count; n += 1) {
        const row = rows.next().value;
        if (row === undefined) return;
        if (row.dirty) written.add(row.identity);
        row.dirty = false;
      }
    });
    const use = (key: number): void => {
      if (set.crowded) set.trim();
      if (set.get(key) !== undefined) return;
      const row = new RocksDbRow(key, 0, 0);
      row.dirty = true;
      set.hold(row);
      set.sized(100);
    };
    const held = (): number => set.generations().reduce((sum, rows) => sum + rows.size, 0);
    for (let key = 0; key < 50_000; key += 1) {
      use(key);
      use(-1);
      expect(held()).toBeLessThan(4_000);
    }
    for (let key = 0; key < 50_000; key += 1)
      expect(set.peek(key) !== undefined || written.has(key)).toBe(true);
    // Used all the time: it never left.
    expect([set.peek(-1)?.dirty, written.has(-1)]).toEqual([true, false]);
  });
});
