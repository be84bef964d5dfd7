import type { SnapshotStores } from '../../src/ports/snapshot-store.ts';
import { DirectoryOwner } from '../../src/state/snapshot/directory-owner.ts';
import type { DirectoryOwnerOptions } from '../../src/state/snapshot/directory-owner.ts';

export interface DirectoryOwnersOptions extends Omit<DirectoryOwnerOptions, 'store'> {
  readonly snapshots: SnapshotStores;
}

/** The checkpoint directories that jobs of this cluster use, each claimed once. */
export class DirectoryOwners {
  readonly #options: DirectoryOwnersOptions;
  readonly #owners = new Map<string, Promise<DirectoryOwner>>();

  constructor(options: DirectoryOwnersOptions) {
    this.#options = options;
  }

  /** @param uri of the folder of all jobs' checkpoints @throws DirectoryTakenError, StoreError, UserError for what is no place */
  async own(uri: string): Promise<void> {
    let owner = this.#owners.get(uri);
    if (owner === undefined) {
      owner = this.#claim(uri);
      this.#owners.set(uri, owner);
      owner.catch(() => this.#owners.delete(uri));
    }
    await owner;
  }

  /** Leaves them to whoever comes next; what cannot be left is given up by its silence. */
  async release(): Promise<void> {
    const owners = [...this.#owners.values()];
    this.#owners.clear();
    await Promise.allSettled(owners.map(async (owner) => (await owner).release()));
  }

  /** Another leader of this cluster has them: only stops to renew. */
  async abandon(): Promise<void> {
    const owners = [...this.#owners.values()];
    this.#owners.clear();
    await Promise.allSettled(owners.map(async (owner) => (await owner).abandon()));
  }

  async #claim(uri: string): Promise<DirectoryOwner> {
    const { snapshots, ...options } = this.#options;
    return DirectoryOwner.claim({ ...options, store: await snapshots.open(uri) });
  }
}
