import { z } from 'zod';
import { UserError } from '../../base/errors.ts';
import { DIRECTORY_LEASE_MS, DIRECTORY_RENEWAL_MS } from '../../base/limits.ts';
import type { Clock, TimerHandle } from '../../ports/clock.ts';
import type { Logger } from '../../ports/logger.ts';
import type { SnapshotStore } from '../../ports/snapshot-store.ts';

/** Folder of the entries, in the root of the directory. */
const FOLDER = '_owner';

const entrySchema = z.object({
  version: z.literal(1),
  clusterId: z.string(),
  /** Of the cluster's metadata store: two clusters may have the same id. */
  identity: z.string(),
  host: z.string(),
  processId: z.number(),
  /** Wall time, ms; for people. */
  since: z.number(),
  released: z.boolean(),
});
type OwnerEntry = Readonly<z.infer<typeof entrySchema>>;

/** Who uses a directory. */
export type DirectoryUser = Pick<OwnerEntry, 'clusterId' | 'identity' | 'host' | 'processId'>;

export interface DirectoryOwnerOptions {
  readonly store: SnapshotStore;
  readonly user: DirectoryUser;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Whether a process of this host lives. */
  isAlive(processId: number): boolean;
}

/** A checkpoint directory is another cluster's. */
export class DirectoryTakenError extends UserError {
  constructor(location: string, { clusterId, host, processId }: DirectoryUser) {
    super(
      `the checkpoint directory ${location} belongs to the cluster "${clusterId}" (JobManager on ${host}, process ${processId}), which ` +
        'uses it now: give this cluster one of its own with execution.checkpointing.dir',
    );
  }
}

/**
 * Keeps a checkpoint directory for one cluster: files `_owner/<n>`, each made once, the newest of which says whose it is. The owner
 * makes a new one from time to time; one that does not is gone, as is one whose process has ended, and its directory can be taken.
 * Time is measured here, from one entry to the next, so that clocks need not agree.
 *
 * This is no fence: what leaders decide is fenced by the log of decisions of each job. It keeps people from a mistake.
 */
export class DirectoryOwner {
  readonly #options: DirectoryOwnerOptions;
  #slot = 0;
  #since = 0;
  #timer: TimerHandle | undefined;
  #closed = false;

  private constructor(options: DirectoryOwnerOptions) {
    this.#options = options;
  }

  /** @throws DirectoryTakenError when another cluster uses it, StoreError */
  static async claim(options: DirectoryOwnerOptions): Promise<DirectoryOwner> {
    const owner = new DirectoryOwner(options);
    await owner.#claim();
    owner.#scheduleRenewal();
    return owner;
  }

  /** Leaves the directory to whoever comes next. */
  async release(): Promise<void> {
    this.abandon();
    await this.#put(this.#slot + 1, true);
  }

  /** Stops to renew, as another leader of the same cluster does. */
  abandon(): void {
    this.#closed = true;
    if (this.#timer !== undefined) this.#options.clock.clearTimeout(this.#timer);
  }

  async #claim(): Promise<void> {
    const { clock, user, store } = this.#options;
    this.#since = clock.now();
    let seen: { readonly slot: number; readonly at: number } | undefined;
    for (;;) {
      const newest = await this.#newest();
      if (newest === undefined || this.#isFree(newest.entry)) {
        if (await this.#put((newest?.slot ?? 0) + 1, false)) return;
        continue;
      }
      // It makes entries: it lives.
      if (seen !== undefined && newest.slot > seen.slot)
        throw new DirectoryTakenError(store.location, newest.entry);
      seen ??= { slot: newest.slot, at: clock.monotonic() };
      if (clock.monotonic() - seen.at >= DIRECTORY_LEASE_MS) {
        this.#options.logger.warn('a checkpoint directory is taken from a cluster that is gone', {
          location: store.location,
          clusterId: newest.entry.clusterId,
          host: newest.entry.host,
        });
        if (await this.#put(newest.slot + 1, false)) return;
        throw new DirectoryTakenError(store.location, (await this.#newest())?.entry ?? user);
      }
      await new Promise<void>((resolve) => {
        clock.setTimeout(resolve, DIRECTORY_RENEWAL_MS / 4, 'look whose directory it is');
      });
    }
  }

  #isFree({ released, identity, host, processId }: OwnerEntry): boolean {
    const { user } = this.#options;
    if (released || identity === user.identity) return true;
    return host === user.host && !this.#options.isAlive(processId);
  }

  async #newest(): Promise<{ readonly slot: number; readonly entry: OwnerEntry } | undefined> {
    const { store } = this.#options;
    const slots = (await store.list(FOLDER))
      .map(({ path }) => Number(path.slice(FOLDER.length + 1)))
      .filter((slot) => Number.isSafeInteger(slot) && slot > 0)
      .toSorted((a, b) => b - a);
    for (const slot of slots) {
      const content = await store.read(`${FOLDER}/${slot}`).catch(() => undefined);
      // Removed since it was listed, or nothing of ours: the one before tells.
      const entry = content === undefined ? undefined : parseEntry(content);
      if (entry !== undefined) return { slot, entry };
    }
    const [highest] = slots;
    return highest === undefined ? undefined : { slot: highest, entry: this.#entry(true) };
  }

  #isMine({ identity, host, processId, since }: OwnerEntry): boolean {
    const { user } = this.#options;
    return (
      identity === user.identity &&
      host === user.host &&
      processId === user.processId &&
      since === this.#since
    );
  }

  #noteTaken(by: OwnerEntry | undefined): void {
    const { logger, store } = this.#options;
    logger.error('another cluster has taken the checkpoint directory: stop one of the two', {
      location: store.location,
      clusterId: by?.clusterId,
      host: by?.host,
    });
  }

  #entry(released: boolean): OwnerEntry {
    return { version: 1, ...this.#options.user, since: this.#since, released };
  }

  /** @returns false when somebody else was first */
  async #put(slot: number, released: boolean): Promise<boolean> {
    const { store } = this.#options;
    const content = new TextEncoder().encode(`${JSON.stringify(this.#entry(released))}\n`);
    if (!(await store.createExclusive(`${FOLDER}/${slot}`, content))) return false;
    this.#slot = slot;
    // The newest and the one before it stay, so that who reads finds one.
    if (slot > 2) await store.delete([`${FOLDER}/${slot - 2}`]);
    return true;
  }

  #scheduleRenewal(): void {
    const { clock } = this.#options;
    if (this.#closed) return;
    this.#timer = clock.setTimeout(() => void this.#renew(), DIRECTORY_RENEWAL_MS, 'renew a directory');
  }

  async #renew(): Promise<void> {
    const { logger, store, user } = this.#options;
    try {
      if (!(await this.#put(this.#slot + 1, false))) {
        const newest = await this.#newest();
        // A try that seemed to fail was carried out.
        if (newest !== undefined && this.#isMine(newest.entry)) this.#slot = newest.slot;
        // A leader of this cluster that came after this one renews from now on.
        else if (newest?.entry.identity === user.identity) return;
        else return this.#noteTaken(newest?.entry);
      }
    } catch (error) {
      logger.warn('a checkpoint directory could not be kept', { location: store.location, error });
    }
    this.#scheduleRenewal();
  }
}

function parseEntry(content: Uint8Array): OwnerEntry | undefined {
  try {
    const raw: unknown = JSON.parse(new TextDecoder().decode(content));
    return entrySchema.safeParse(raw).data;
  } catch {
    return undefined;
  }
}
