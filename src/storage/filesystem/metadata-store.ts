import { readFile, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { METADATA_PUT_TRIES } from '../../base/limits.ts';
import type { Random } from '../../ports/random.ts';
import type { MetadataEntry, MetadataStore } from '../../ports/stores.ts';
import { StoreError } from '../errors.ts';
import { checkKey, checkPrefix, checkValue, fileNameToKey, keyToFileName } from '../keys.ts';
import type { FilesystemStoreOptions } from './artifact-store.ts';
import { DurableFiles } from './durable-files.ts';
import { HISTORY, type Revision, decodeRevision, encodeRevision } from './revision-file.ts';
import { errorCode } from './sync-folder.ts';

const KEYS = 'keys';

interface Newest extends Revision {
  readonly revision: number;
}

/**
 * Metadata as files `<directory>/keys/<key>/<revision>`, shared by any number of processes of one machine.
 *
 * A write creates the next revision's file by `link`, which fails when somebody else was first: a compare-and-set
 * without locks, so a process that dies or sleeps in the middle holds up nobody. The newest revision counts; older
 * files are removed by later writers. A writer that slept so long that "its" revision was written and removed
 * meanwhile finds out by the write ids that newer revisions remember. A deleted key keeps one small file, so that
 * its revisions go on.
 */
export class FilesystemMetadataStore implements MetadataStore {
  readonly #directory: string;
  readonly #files: DurableFiles;
  readonly #random: Random;

  private constructor(directory: string, files: DurableFiles, random: Random) {
    this.#directory = directory;
    this.#files = files;
    this.#random = random;
  }

  /** @throws StoreError when the directory cannot be used. */
  static async open(options: FilesystemStoreOptions): Promise<FilesystemMetadataStore> {
    try {
      const files = await DurableFiles.open(options.directory, options.random, options.clock);
      await files.makeFolder(join(options.directory, KEYS));
      return new FilesystemMetadataStore(options.directory, files, options.random);
    } catch (cause) {
      throw new StoreError(`opening the metadata directory ${options.directory}`, cause);
    }
  }

  async get(key: string): Promise<MetadataEntry | undefined> {
    checkKey(key);
    const newest = await this.#attempt(`reading metadata key '${key}'`, () => this.#newest(key));
    return newest?.value === undefined ? undefined : { value: newest.value, revision: newest.revision };
  }

  async create(key: string, value: Uint8Array): Promise<boolean> {
    checkKey(key);
    checkValue(key, value);
    return this.#attempt(`creating metadata key '${key}'`, async () => {
      const newest = await this.#newest(key);
      return newest?.value === undefined && (await this.#append(key, newest, value));
    });
  }

  async update(key: string, value: Uint8Array, revision: number): Promise<boolean> {
    checkKey(key);
    checkValue(key, value);
    return this.#attempt(`updating metadata key '${key}'`, async () => {
      const newest = await this.#newest(key);
      if (newest?.value === undefined || newest.revision !== revision) return false;
      return this.#append(key, newest, value);
    });
  }

  async put(key: string, value: Uint8Array): Promise<void> {
    checkKey(key);
    checkValue(key, value);
    await this.#attempt(`writing metadata key '${key}'`, () => this.#write(key, value));
  }

  async delete(key: string): Promise<void> {
    checkKey(key);
    await this.#attempt(`deleting metadata key '${key}'`, () => this.#write(key, undefined));
  }

  async keys(prefix: string): Promise<string[]> {
    checkPrefix(prefix);
    return this.#attempt('listing metadata keys', async () => {
      const found: string[] = [];
      for (const name of await readdir(join(this.#directory, KEYS))) {
        const key = fileNameToKey(name);
        if (key === undefined || !key.startsWith(prefix)) continue;
        if ((await this.#newest(key))?.value !== undefined) found.push(key);
      }
      return found;
    });
  }

  async #write(key: string, value: Uint8Array | undefined): Promise<void> {
    for (let tried = 0; tried < METADATA_PUT_TRIES; tried++) {
      const newest = await this.#newest(key);
      if (value === undefined && newest?.value === undefined) return;
      if (await this.#append(key, newest, value)) return;
    }
    throw new Error(`other writers were first ${METADATA_PUT_TRIES} times`);
  }

  /** Writes the revision after `newest`; false when another writer was first. */
  async #append(key: string, newest: Newest | undefined, value: Uint8Array | undefined): Promise<boolean> {
    const folder = this.#folderOf(key);
    await this.#files.makeFolder(folder);
    const revision = (newest?.revision ?? 0) + 1;
    const writeId = this.#random.hex(8);
    const history = newest === undefined ? [] : [newest.writeId, ...newest.history].slice(0, HISTORY);
    if (
      !(await this.#files.create(join(folder, String(revision)), encodeRevision({ value, writeId, history })))
    ) {
      return false;
    }
    if (!(await this.#tookEffect(key, revision, writeId))) {
      await rm(join(folder, String(revision)), { force: true });
      return false;
    }
    await this.#removeOlder(folder, revision);
    return true;
  }

  async #tookEffect(key: string, revision: number, writeId: string): Promise<boolean> {
    const now = await this.#newest(key);
    if (now === undefined || now.revision === revision) return true;
    if (now.history.includes(writeId)) return true;
    if (now.revision - revision <= now.history.length) return false;
    throw new Error('too many other writes came in between to tell whether this one took effect');
  }

  async #newest(key: string): Promise<Newest | undefined> {
    const folder = this.#folderOf(key);
    for (let tried = 0; tried < METADATA_PUT_TRIES; tried++) {
      const revision = Math.max(0, ...(await revisionsIn(folder)));
      if (revision === 0) return undefined;
      const content = await readIfThere(join(folder, String(revision)));
      // Removed by a writer that has put a newer one in place: look again.
      if (content === undefined) continue;
      const decoded = decodeRevision(content);
      if (decoded === undefined) throw new Error(`the file ${join(folder, String(revision))} is damaged`);
      return { ...decoded, revision };
    }
    throw new Error('its revisions change faster than they can be read');
  }

  async #removeOlder(folder: string, revision: number): Promise<void> {
    for (const older of await revisionsIn(folder)) {
      if (older < revision) await rm(join(folder, String(older)), { force: true });
    }
  }

  #folderOf(key: string): string {
    return join(this.#directory, KEYS, keyToFileName(key));
  }

  async #attempt<T>(what: string, act: () => Promise<T>): Promise<T> {
    try {
      return await act();
    } catch (cause) {
      throw new StoreError(`${what} in ${this.#directory}`, cause);
    }
  }
}

async function revisionsIn(folder: string): Promise<number[]> {
  try {
    return (await readdir(folder)).filter((name) => /^[1-9]\d*$/.test(name)).map(Number);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return [];
    throw error;
  }
}

async function readIfThere(path: string): Promise<Uint8Array | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}
