import type { Configuration } from '../../../src/config/configuration.ts';
import { OPTIONS } from '../../../src/config/options.ts';
import { s3Settings } from '../../../src/config/settings.ts';
import type { Clock } from '../../../src/ports/clock.ts';
import type { Logger } from '../../../src/ports/logger.ts';
import type { Random } from '../../../src/ports/random.ts';
import type { SnapshotStore, SnapshotStores } from '../../../src/ports/snapshot-store.ts';
import { openSnapshotStore } from '../../../src/storage/open-snapshot-store.ts';
import type { NatsTransport } from '../../../src/transport/nats/nats-transport.ts';

export interface NodeSnapshotStoresOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Of the node: credentials are its own, never a job's. */
  readonly configuration: Configuration;
  readonly nats?: NatsTransport | undefined;
}

/** Stores of checkpoints and savepoints as a node opens them, each once. */
export class NodeSnapshotStores implements SnapshotStores {
  readonly #options: NodeSnapshotStoresOptions;
  readonly #stores = new Map<string, Promise<SnapshotStore>>();

  constructor(options: NodeSnapshotStoresOptions) {
    this.#options = options;
  }

  open(uri: string, existing = false): Promise<SnapshotStore> {
    const key = `${existing ? 'existing' : 'own'} ${uri}`;
    let store = this.#stores.get(key);
    if (store === undefined) {
      const { configuration, ...ports } = this.#options;
      const allowedRoots = configuration
        .get(OPTIONS.snapshotRoots)
        ?.split(',')
        .map((root) => root.trim());
      store = openSnapshotStore(uri, { ...ports, s3: s3Settings(configuration), allowedRoots, existing });
      this.#stores.set(key, store);
      store.catch(() => this.#stores.delete(key));
    }
    return store;
  }
}
