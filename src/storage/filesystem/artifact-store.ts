import { constants } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../ports/clock.ts';
import type { Random } from '../../ports/random.ts';
import type { ArtifactStore } from '../../ports/stores.ts';
import { addressOf, checkAddress, checkArtifactSize, isAddress, verified } from '../artifacts.ts';
import { ArtifactNotFoundError, StoreError } from '../errors.ts';
import { DurableFiles } from './durable-files.ts';
import { errorCode } from './sync-folder.ts';

export interface FilesystemStoreOptions {
  readonly directory: string;
  readonly random: Random;
  readonly clock: Clock;
}

/** Artifacts as files `<directory>/<first two digits>/<sha256>`, which may be shared by processes. */
export class FilesystemArtifactStore implements ArtifactStore {
  readonly #directory: string;
  readonly #files: DurableFiles;

  private constructor(directory: string, files: DurableFiles) {
    this.#directory = directory;
    this.#files = files;
  }

  /** @throws StoreError when the directory cannot be used. */
  static async open(options: FilesystemStoreOptions): Promise<FilesystemArtifactStore> {
    try {
      const files = await DurableFiles.open(options.directory, options.random, options.clock);
      return new FilesystemArtifactStore(options.directory, files);
    } catch (cause) {
      throw new StoreError(`opening the artifact directory ${options.directory}`, cause);
    }
  }

  async put(content: Uint8Array): Promise<string> {
    checkArtifactSize(content);
    const sha256 = addressOf(content);
    try {
      if ((await this.#sizeOf(sha256)) === content.byteLength) return sha256;
      await this.#files.makeFolder(join(this.#directory, sha256.slice(0, 2)));
      await this.#files.replace(this.#pathOf(sha256), content);
    } catch (cause) {
      throw new StoreError(`storing artifact ${sha256} in ${this.#directory}`, cause);
    }
    return sha256;
  }

  async get(sha256: string): Promise<Uint8Array> {
    checkAddress(sha256, this.#directory);
    let content: Uint8Array;
    try {
      const file = await open(this.#pathOf(sha256), constants.O_RDONLY | constants.O_NOFOLLOW);
      try {
        content = new Uint8Array(await file.readFile());
      } finally {
        await file.close();
      }
    } catch (cause) {
      if (errorCode(cause) === 'ENOENT') throw new ArtifactNotFoundError(sha256, this.#directory);
      throw new StoreError(`reading artifact ${sha256} in ${this.#directory}`, cause);
    }
    return verified(sha256, content, this.#directory);
  }

  async has(sha256: string): Promise<boolean> {
    return isAddress(sha256) && (await this.#sizeOf(sha256)) !== undefined;
  }

  #pathOf(sha256: string): string {
    return join(this.#directory, sha256.slice(0, 2), sha256);
  }

  async #sizeOf(sha256: string): Promise<number | undefined> {
    try {
      return (await stat(this.#pathOf(sha256))).size;
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return undefined;
      throw error;
    }
  }
}
