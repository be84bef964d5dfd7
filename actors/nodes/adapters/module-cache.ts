import { mkdir, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ExternalError } from '../../../src/base/errors.ts';
import type { ArtifactStore } from '../../../src/ports/stores.ts';

/** Job modules of the artifact store as files on this machine, each fetched once. */
export class ModuleCache {
  readonly #artifacts: ArtifactStore;
  readonly #directory: string;
  readonly #fetching = new Map<string, Promise<string>>();

  constructor(artifacts: ArtifactStore, directory: string) {
    this.#artifacts = artifacts;
    this.#directory = directory;
  }

  /** Path of the module's file. @throws when the artifact store does not have it, or the disk does not take it. */
  path(sha256: string): Promise<string> {
    let fetching = this.#fetching.get(sha256);
    if (fetching === undefined) {
      fetching = this.#fetch(sha256);
      this.#fetching.set(sha256, fetching);
      fetching.catch(() => this.#fetching.delete(sha256));
    }
    return fetching;
  }

  async #fetch(sha256: string): Promise<string> {
    const path = join(this.#directory, `${sha256}.mjs`);
    const content = await this.#artifacts.get(sha256);
    try {
      await mkdir(this.#directory, { recursive: true });
      const known = await stat(path).catch(() => undefined);
      if (known?.size === content.byteLength) return path;
      const draft = `${path}.${process.pid}`;
      await writeFile(draft, content);
      await rename(draft, path);
      return path;
    } catch (error) {
      throw new ExternalError(`module ${sha256} could not be written to ${this.#directory}`, {
        cause: error,
      });
    }
  }
}
