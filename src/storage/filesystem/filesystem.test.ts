import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { mkdtemp, readFile, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Random } from '../../ports/random.ts';
import { SeededRandom } from '../../testing/seeded-random.ts';
import { SimulatedClock } from '../../testing/simulated-clock.ts';
import { describeArtifactStoreConformance } from '../artifact-store.conformance.ts';
import { StoreError } from '../errors.ts';
import { describeMetadataStoreConformance } from '../metadata-store.conformance.ts';
import { FilesystemArtifactStore, type FilesystemStoreOptions } from './artifact-store.ts';
import { FilesystemMetadataStore } from './metadata-store.ts';
import { HISTORY, decodeRevision, encodeRevision } from './revision-file.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

let seed = 0;
const optionsFor = (directory: string): FilesystemStoreOptions => ({
  directory,
  random: new SeededRandom(++seed),
  clock: new SimulatedClock({ startAt: 1_000_000_000_000 }),
});

async function temporaryDirectory(): Promise<{ directory: string; dispose: () => Promise<void> }> {
  const directory = await mkdtemp(join(tmpdir(), 'millrace-store-'));
  return { directory, dispose: () => rm(directory, { recursive: true, force: true }) };
}

describeMetadataStoreConformance('filesystem', async () => {
  const { directory, dispose } = await temporaryDirectory();
  const [one, two] = [optionsFor(directory), optionsFor(directory)];
  return {
    one: await FilesystemMetadataStore.open(one),
    two: await FilesystemMetadataStore.open(two),
    dispose,
  };
});

describeArtifactStoreConformance('filesystem', async () => {
  const { directory, dispose } = await temporaryDirectory();
  return {
    one: await FilesystemArtifactStore.open(optionsFor(directory)),
    two: await FilesystemArtifactStore.open(optionsFor(directory)),
    corrupt: (sha256) => writeFile(join(directory, sha256.slice(0, 2), sha256), 'precioux'),
    dispose,
  };
});

describe('filesystem stores', () => {
  let directory: string;
  let dispose: () => Promise<void>;
  beforeEach(async () => {
    ({ directory, dispose } = await temporaryDirectory());
  });
  afterEach(() => dispose());

  it('when a store is opened again, everything is there, and nothing temporary is left', async () => {
    const metadata = await FilesystemMetadataStore.open(optionsFor(directory));
    const artifacts = await FilesystemArtifactStore.open(optionsFor(directory));
    for (const value of ['1', '2', '3']) await metadata.put('a.B', bytes(value));
    const sha256 = await artifacts.put(bytes('bundle'));
    const again = await FilesystemMetadataStore.open(optionsFor(directory));
    expect(new TextDecoder().decode((await again.get('a.B'))?.value)).toBe('3');
    expect(await (await FilesystemArtifactStore.open(optionsFor(directory))).has(sha256)).toBe(true);
    expect(await readdir(join(directory, 'keys', 'a.+b'))).toEqual(['3']);
    expect(await readdir(join(directory, '.tmp'))).toEqual([]);
  });

  it('when a crash left temporary files, opening sweeps the old ones and spares the young', async () => {
    await FilesystemMetadataStore.open(optionsFor(directory));
    const clock = new SimulatedClock({ startAt: 1_000_000_000_000 });
    for (const [name, ageMs] of [
      ['old', 7_200_000],
      ['young', 60_000],
    ] as const) {
      await writeFile(join(directory, '.tmp', name), 'x');
      const at = (clock.now() - ageMs) / 1_000;
      await utimes(join(directory, '.tmp', name), at, at);
    }
    await FilesystemMetadataStore.open({ ...optionsFor(directory), clock });
    expect(await readdir(join(directory, '.tmp'))).toEqual(['young']);
  });

  it('when an artifact of the wrong length is in place, putting it again heals it', async () => {
    const store = await FilesystemArtifactStore.open(optionsFor(directory));
    const sha256 = await store.put(bytes('content'));
    await writeFile(join(directory, sha256.slice(0, 2), sha256), 'torn');
    await store.put(bytes('content'));
    expect(new TextDecoder().decode(await store.get(sha256))).toBe('content');
  });

  it('when the directory is a file, opening says so', async () => {
    const file = join(directory, 'file');
    await writeFile(file, '');
    await expect(FilesystemMetadataStore.open(optionsFor(file))).rejects.toThrow(StoreError);
    await expect(FilesystemArtifactStore.open(optionsFor(file))).rejects.toThrow(file);
  });

  it('when the newest revision is damaged, reading fails loudly instead of going back', async () => {
    const store = await FilesystemMetadataStore.open(optionsFor(directory));
    await store.put('a', bytes('value'));
    const file = join(directory, 'keys', 'a', '1');
    const content = await readFile(file);
    content[content.length - 1]! ^= 1;
    await writeFile(file, content);
    await expect(store.get('a')).rejects.toThrow(/damaged/);
  });
});

describe('a writer that sleeps between reading and writing', () => {
  let directory: string;
  let dispose: () => Promise<void>;
  beforeEach(async () => {
    ({ directory, dispose } = await temporaryDirectory());
  });
  afterEach(() => dispose());

  /** Draws its write id only after `before` was done: the moment between reading and linking. */
  function sleepyRandom(before: () => void): Random {
    const random = new SeededRandom(99);
    let armed = true;
    return {
      next: () => random.next(),
      hex: (count) => {
        if (count === 8 && armed) {
          armed = false;
          before();
        }
        return random.hex(count);
      },
    };
  }

  /** The sleeper has read revision 1; the others' writes are in place before it links revision 2. */
  async function race(others: number): Promise<{ slow: Promise<boolean>; now: () => Promise<string> }> {
    const fast = await FilesystemMetadataStore.open(optionsFor(directory));
    await fast.put('a', bytes('start'));
    const interfere = (): void => {
      let newest = decodeRevision(readFileSync(pathOf(1)))!;
      for (let at = 0; at < others; at++) {
        const history = [newest.writeId, ...newest.history].slice(0, HISTORY);
        newest = { value: bytes(`other ${at}`), writeId: String(at).padStart(16, '0'), history };
        writeFileSync(pathOf(at + 2), encodeRevision(newest));
        rmSync(pathOf(at + 1));
      }
    };
    const sleeper = await FilesystemMetadataStore.open({
      ...optionsFor(directory),
      random: sleepyRandom(interfere),
    });
    const slow = sleeper.update('a', bytes('slow'), 1);
    return { slow, now: async () => new TextDecoder().decode((await fast.get('a'))?.value) };
  }
  const pathOf = (revision: number): string => join(directory, 'keys', 'a', String(revision));

  it('when nobody was first, its update succeeds', async () => {
    const { slow, now } = await race(0);
    expect(await slow).toBe(true);
    expect(await now()).toBe('slow');
  });

  it.each([1, 2, 5, HISTORY])(
    'when %s others were first, it is told so and changes nothing',
    async (others) => {
      const { slow, now } = await race(others);
      expect(await slow).toBe(false);
      expect(await now()).toBe(`other ${others - 1}`);
      expect(existsSync(pathOf(2))).toBe(others === 1);
    },
  );

  it('when another builds on its write before it could look, its update still counts as done', async () => {
    const { slow, now } = await race(0);
    // The other writer comes at the first turn in which the sleeper's file is in place.
    while (!existsSync(pathOf(2))) await new Promise((resolve) => setImmediate(resolve));
    const mine = decodeRevision(readFileSync(pathOf(2)))!;
    const history = [mine.writeId, ...mine.history].slice(0, HISTORY);
    writeFileSync(pathOf(3), encodeRevision({ value: bytes('next'), writeId: 'ab'.repeat(8), history }));
    rmSync(pathOf(2));
    expect(await slow).toBe(true);
    expect(await now()).toBe('next');
  });

  it('when more others were first than revisions remember, the outcome is reported as unknown', async () => {
    const { slow, now } = await race(HISTORY + 5);
    await expect(slow).rejects.toThrow(StoreError);
    expect(await now()).toBe(`other ${HISTORY + 4}`);
  });
});

describe('revision files', () => {
  it('when a revision is encoded, it decodes to itself; when a byte changes, it is refused', () => {
    const id = fc
      .uint8Array({ minLength: 8, maxLength: 8 })
      .map((value) => Buffer.from(value).toString('hex'));
    const value = fc.option(fc.uint8Array({ maxLength: 200 }), { nil: undefined });
    const revision = fc.record({ writeId: id, history: fc.array(id, { maxLength: HISTORY }), value });
    fc.assert(
      fc.property(revision, fc.nat(), fc.integer({ min: 1, max: 255 }), (original, position, flip) => {
        const encoded = encodeRevision(original);
        expect(decodeRevision(encoded)).toEqual(original);
        const at = 4 + (position % (encoded.length - 4));
        encoded[at]! ^= flip;
        expect(decodeRevision(encoded)).toBeUndefined();
        expect(decodeRevision(encoded.subarray(0, at))).toBeUndefined();
      }),
    );
  });
});
