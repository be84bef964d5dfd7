import { ExternalError } from '../../../base/errors.ts';
import type { SnapshotFile, SnapshotFileInfo, SnapshotStore } from '../../../ports/snapshot-store.ts';
import { MemorySnapshotStore } from '../../../storage/memory/snapshot-store.ts';
import type { SeededRandom } from '../../../testing/seeded-random.ts';

/** A small file that was made: what the store did, whatever it told the caller. */
export interface Made {
  readonly path: string;
  readonly content: Uint8Array;
}

interface Pending {
  readonly owner: string;
  run(): Promise<void>;
}

/**
 * A store whose operations wait until `step` lets one take effect, in an order drawn from the seed, and which may fail
 * before their effect, after it, or long before it. Owners are favoured for a while, so that others sleep through much.
 */
export class SteppedStore {
  readonly made: Made[] = [];
  faults = 0;
  readonly #inner = new MemorySnapshotStore();
  readonly #random: SeededRandom;
  readonly #pending: Pending[] = [];
  #favourite = '';

  constructor(random: SeededRandom) {
    this.#random = random;
  }

  get waiting(): number {
    return this.#pending.length;
  }

  /** The store as one process has it. */
  handle(owner: string): SnapshotStore {
    const step = <T>(act: () => Promise<T>): Promise<T> => this.#enqueue(owner, act);
    return {
      location: 'stepped:',
      create: (path): Promise<SnapshotFile> => step(() => this.#inner.create(path)),
      read: (path, offset, length) => step(() => this.#inner.read(path, offset, length)),
      size: (path) => step(() => this.#inner.size(path)),
      list: (folder): Promise<readonly SnapshotFileInfo[]> => step(() => this.#inner.list(folder)),
      delete: (paths) => step(() => this.#inner.delete(paths)),
      createExclusive: (path, content) =>
        step(async () => {
          const created = await this.#inner.createExclusive(path, content);
          if (created) this.made.push({ path, content });
          return created;
        }),
    };
  }

  /** Lets one waiting operation take effect. */
  async step(): Promise<void> {
    const owners = [...new Set(this.#pending.map(({ owner }) => owner))];
    if (this.#random.chance(0.05) || !owners.includes(this.#favourite))
      this.#favourite = this.#random.pick(owners);
    const favoured = this.#pending.filter(({ owner }) => owner === this.#favourite);
    const next = this.#random.pick(this.#random.chance(0.97) ? favoured : this.#pending);
    this.#pending.splice(this.#pending.indexOf(next), 1);
    await next.run();
  }

  #enqueue<T>(owner: string, act: () => Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const fail = (): void => reject(new ExternalError('the store did not answer'));
      this.#pending.push({
        owner,
        run: async () => {
          if (!this.#random.chance(this.faults)) return act().then(resolve, reject);
          const kind = this.#random.int(3);
          fail();
          if (kind === 0) return;
          if (kind === 1) return act().then(ignore, ignore);
          const late = `${owner} late`;
          this.#pending.push({ owner: late, run: () => act().then(ignore, ignore) });
        },
      });
    });
  }
}

function ignore(): void {}
