import type { Configuration } from '../../../src/config/configuration.ts';
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

  open(uri: string): Promise<SnapshotStore> {
    let store = this.#stores.get(uri);
    if (store === undefined) {
      const { configuration, ...ports } = this.#options;
      store = openSnapshotStore(uri, { ...ports, s3: s3Settings(configuration) });
      this.#stores.set(uri, store);
      store.catch(() => this.#stores.delete(uri));
    }
    return store;
  }
}
