import type { ArtifactStore } from '../../ports/stores.ts';
import { addressOf, checkAddress, checkArtifactSize, verified } from '../artifacts.ts';
import { ArtifactNotFoundError } from '../errors.ts';

const WHERE = "this process's artifact store";

/** Artifacts in this process: for embedded clusters and tests. */
export class MemoryArtifactStore implements ArtifactStore {
  readonly #contents = new Map<string, Uint8Array>();

  async put(content: Uint8Array): Promise<string> {
    checkArtifactSize(content);
    const sha256 = addressOf(content);
    if (!this.#contents.has(sha256)) this.#contents.set(sha256, new Uint8Array(content));
    return sha256;
  }

  async get(sha256: string): Promise<Uint8Array> {
    checkAddress(sha256, WHERE);
    const content = this.#contents.get(sha256);
    if (content === undefined) throw new ArtifactNotFoundError(sha256, WHERE);
    return verified(sha256, new Uint8Array(content), WHERE);
  }

  async has(sha256: string): Promise<boolean> {
    return this.#contents.has(sha256);
  }
}
