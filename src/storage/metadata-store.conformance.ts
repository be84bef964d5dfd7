import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { METADATA_KEY_CHARS_MAX, METADATA_VALUE_BYTES_MAX } from '../base/limits.ts';
import type { MetadataStore } from '../ports/stores.ts';
import { InvalidKeyError, ValueTooLargeError } from './errors.ts';

export interface MetadataBench {
  /** Two handles on one empty store, as two processes have them; the same one where a store cannot be shared. */
  readonly one: MetadataStore;
  readonly two: MetadataStore;
  dispose(): Promise<void>;
}

type BenchOf = () => MetadataBench;

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

async function read(store: MetadataStore, key: string): Promise<string | undefined> {
  const entry = await store.get(key);
  return entry === undefined ? undefined : new TextDecoder().decode(entry.value);
}

async function revisionOf(store: MetadataStore, key: string): Promise<number> {
  return (await store.get(key))?.revision ?? -1;
}

/** What every caller may rely on, for the adapter that `start` makes. */
export function describeMetadataStoreConformance(name: string, start: () => Promise<MetadataBench>): void {
  describe(`metadata store conformance: ${name}`, () => {
    let bench: MetadataBench | undefined;
    beforeEach(async () => {
      bench = await start();
    });
    afterEach(() => bench?.dispose());
    const current: BenchOf = () => bench as MetadataBench;
    describeReadsAndWrites(current);
    describeCompareAndSet(current);
    describeKeys(current);
  });
}

function describeReadsAndWrites(bench: BenchOf): void {
  it('when a key was never written, get answers undefined', async () => {
    expect(await bench().one.get('a.b')).toBeUndefined();
  });

  it('when a value is written, the other handle reads it, empty and binary ones too', async () => {
    const { one, two } = bench();
    const binary = Uint8Array.from({ length: 256 }, (_, at) => at);
    await one.put('a', binary);
    await one.put('empty', new Uint8Array());
    expect((await two.get('a'))?.value).toEqual(binary);
    expect((await two.get('empty'))?.value).toEqual(new Uint8Array());
    await two.put('a', bytes('new'));
    expect(await read(one, 'a')).toBe('new');
  });

  it('when the caller reuses its buffer, the stored value stays', async () => {
    const { one, two } = bench();
    const buffer = bytes('before');
    const writing = one.put('a', buffer);
    await writing;
    buffer.fill(0);
    (await one.get('a'))?.value.fill(0);
    expect(await read(two, 'a')).toBe('before');
  });

  it('when a key is deleted, it is gone, may be deleted again and written again', async () => {
    const { one, two } = bench();
    await one.put('a', bytes('1'));
    await two.delete('a');
    await two.delete('a');
    await two.delete('never');
    expect(await one.get('a')).toBeUndefined();
    expect(await one.keys('')).toEqual([]);
    await one.put('a', bytes('2'));
    expect(await read(two, 'a')).toBe('2');
  });

  it('when a value has the largest size it is kept, and one byte more is refused', async () => {
    const { one, two } = bench();
    const largest = new Uint8Array(METADATA_VALUE_BYTES_MAX).fill(7);
    await one.put('large', largest);
    expect(Buffer.compare((await two.get('large'))?.value ?? new Uint8Array(), largest)).toBe(0);
    const over = new Uint8Array(METADATA_VALUE_BYTES_MAX + 1);
    await expect(one.put('large', over)).rejects.toThrow(ValueTooLargeError);
    await expect(one.create('other', over)).rejects.toThrow(ValueTooLargeError);
    await expect(one.update('large', over, 1)).rejects.toThrow(ValueTooLargeError);
  });
}

function describeCompareAndSet(bench: BenchOf): void {
  it('when two create the same key, one wins', async () => {
    const { one, two } = bench();
    const won = await Promise.all([one.create('lease', bytes('one')), two.create('lease', bytes('two'))]);
    expect(won.filter(Boolean)).toHaveLength(1);
    expect(await read(one, 'lease')).toBe(won[0] === true ? 'one' : 'two');
    expect(await two.create('lease', bytes('late'))).toBe(false);
  });

  it('when a deleted key is created, it succeeds once', async () => {
    const { one, two } = bench();
    await one.put('a', bytes('1'));
    await one.delete('a');
    const won = await Promise.all([one.create('a', bytes('one')), two.create('a', bytes('two'))]);
    expect(won.filter(Boolean)).toHaveLength(1);
  });

  it('when the revision is current, update succeeds; when it is not, it changes nothing', async () => {
    const { one, two } = bench();
    expect(await one.update('a', bytes('x'), 1)).toBe(false);
    await one.create('a', bytes('1'));
    const first = await revisionOf(two, 'a');
    expect(await two.update('a', bytes('2'), first)).toBe(true);
    expect(await one.update('a', bytes('stale'), first)).toBe(false);
    expect(await one.update('a', bytes('never'), first + 1_000)).toBe(false);
    expect(await read(one, 'a')).toBe('2');
    expect(await revisionOf(one, 'a')).toBeGreaterThan(first);
  });

  it('when a key was deleted and made anew, an update by an old revision is refused', async () => {
    const { one, two } = bench();
    await one.create('a', bytes('1'));
    const old = await revisionOf(one, 'a');
    await two.delete('a');
    expect(await one.update('a', bytes('zombie'), old)).toBe(false);
    await two.create('a', bytes('new'));
    expect(await one.update('a', bytes('zombie'), old)).toBe(false);
    expect(await read(one, 'a')).toBe('new');
  });

  it('when many writers count by compare-and-set, no increment is lost and none counts twice', async () => {
    const { one, two } = bench();
    await one.create('counter', bytes('0'));
    const perWriter = 10;
    const writer = async (store: MetadataStore): Promise<void> => {
      for (let done = 0; done < perWriter;) {
        const entry = await store.get('counter');
        if (entry === undefined) throw new Error('the counter vanished');
        const next = Number(new TextDecoder().decode(entry.value)) + 1;
        if (await store.update('counter', bytes(String(next)), entry.revision)) done++;
      }
    };
    await Promise.all([writer(one), writer(two), writer(one), writer(two)]);
    expect(await read(one, 'counter')).toBe(String(4 * perWriter));
  });

  it('when unconditional writers compete, all return and one value stands', async () => {
    const { one, two } = bench();
    const values = ['a', 'b', 'c', 'd', 'e', 'f'];
    await Promise.all(values.map((value, at) => (at % 2 === 0 ? one : two).put('x', bytes(value))));
    expect(values).toContain(await read(one, 'x'));
    expect(await read(two, 'x')).toBe(await read(one, 'x'));
  });
}

function describeKeys(bench: BenchOf): void {
  it('when keys are listed, those with the prefix are found, whole tokens or not', async () => {
    const { one, two } = bench();
    const all = ['jobs.1', 'jobs.10', 'jobs.1.graph', 'jobsx', 'other', 'A', 'a', 'Ab-c_D'];
    for (const key of all) await one.put(key, bytes(key));
    await one.put('jobs.gone', bytes(''));
    await one.delete('jobs.gone');
    const listed = async (prefix: string): Promise<string[]> => (await two.keys(prefix)).toSorted();
    expect(await listed('')).toEqual(all.toSorted());
    expect(await listed('jobs.')).toEqual(['jobs.1', 'jobs.1.graph', 'jobs.10']);
    expect(await listed('jobs.1')).toEqual(['jobs.1', 'jobs.1.graph', 'jobs.10']);
    expect(await listed('jobs')).toEqual(['jobs.1', 'jobs.1.graph', 'jobs.10', 'jobsx']);
    expect(await listed('none.')).toEqual([]);
    expect(await listed('.')).toEqual([]);
    expect(await read(two, 'A')).toBe('A');
    expect(await read(two, 'a')).toBe('a');
  });

  it('when a key has the longest length in upper case, it works', async () => {
    const { one, two } = bench();
    const key = 'K'.repeat(METADATA_KEY_CHARS_MAX);
    await one.put(key, bytes('v'));
    expect(await read(two, key)).toBe('v');
    expect(await two.keys('KK')).toEqual([key]);
  });

  it('when a key is not made of tokens, every operation refuses it', async () => {
    const { one } = bench();
    const keys = [
      '',
      '.',
      'a.',
      '.a',
      'a..b',
      'a/b',
      '../a',
      'a b',
      'a*',
      '>',
      'ä',
      'a\n',
      'x'.repeat(METADATA_KEY_CHARS_MAX + 1),
    ];
    for (const key of keys) {
      await expect(one.get(key)).rejects.toThrow(InvalidKeyError);
      await expect(one.create(key, bytes(''))).rejects.toThrow(InvalidKeyError);
      await expect(one.update(key, bytes(''), 1)).rejects.toThrow(InvalidKeyError);
      await expect(one.put(key, bytes(''))).rejects.toThrow(InvalidKeyError);
      await expect(one.delete(key)).rejects.toThrow(InvalidKeyError);
    }
    await expect(one.keys('a/')).rejects.toThrow(InvalidKeyError);
    await expect(one.keys('>')).rejects.toThrow(InvalidKeyError);
  });

  it('when a key is called __proto__ or constructor, it is a key like any other', async () => {
    const { one, two } = bench();
    for (const key of ['__proto__', 'constructor', 'toString']) {
      expect(await two.get(key)).toBeUndefined();
      expect(await one.create(key, bytes(key))).toBe(true);
      expect(await read(two, key)).toBe(key);
    }
    expect((await one.keys('')).toSorted()).toEqual(['__proto__', 'constructor', 'toString']);
  });
}
