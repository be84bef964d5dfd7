import { describe, expect, it } from 'vitest';
import { DIRECTORY_LEASE_MS, DIRECTORY_RENEWAL_MS } from '../../base/limits.ts';
import { MemorySnapshotStore } from '../../storage/memory/snapshot-store.ts';
import { RecordingLogger } from '../../testing/recording-logger.ts';
import { SimulatedClock } from '../../testing/simulated-clock.ts';
import { DirectoryOwner } from './directory-owner.ts';
import type { DirectoryUser } from './directory-owner.ts';

const ONE: DirectoryUser = { clusterId: 'one', identity: 'i1', host: 'h1', processId: 11 };
const OTHER: DirectoryUser = { clusterId: 'other', identity: 'i2', host: 'h2', processId: 22 };

/** One directory, and those who want it. */
class Place {
  readonly clock = new SimulatedClock();
  readonly logger = new RecordingLogger();
  readonly store = new MemorySnapshotStore(() => 0);
  readonly dead = new Set<number>();

  /** What has become of a claim within a time. */
  async claim(user: DirectoryUser, withinMs = DIRECTORY_LEASE_MS * 2): Promise<DirectoryOwner | string> {
    let settled: DirectoryOwner | string | undefined;
    DirectoryOwner.claim({
      store: this.store,
      user,
      clock: this.clock,
      logger: this.logger,
      isAlive: (processId) => !this.dead.has(processId),
    }).then(
      (owner) => (settled = owner),
      (error: unknown) => (settled = String(error)),
    );
    const end = this.clock.monotonic() + withinMs;
    await this.clock.runUntil(() => settled !== undefined || this.clock.monotonic() > end, 10_000);
    return settled ?? 'waits';
  }

  async pass(ms: number): Promise<void> {
    const end = this.clock.monotonic() + ms;
    this.clock.setTimeout(() => {}, ms);
    await this.clock.runUntil(() => this.clock.monotonic() >= end, 10_000);
  }
}

/** A process that is gone without a word: its timers do not fire any more. */
class Silenced extends Place {
  async claimAndDie(user: DirectoryUser): Promise<void> {
    const owner = await this.claim(user);
    if (typeof owner === 'string') throw new Error(owner);
    await owner.release();
    // As if it had not been released: the entry that says so is taken away.
    const newest = (await this.store.list('_owner'))
      .map(({ path }) => path)
      .toSorted()
      .at(-1);
    await this.store.delete([newest ?? '']);
  }
}

describe('the owner of a checkpoint directory', () => {
  it('when another cluster uses the directory, then the second is refused, and told whose it is', async () => {
    const place = new Place();
    expect(await place.claim(ONE)).toBeInstanceOf(DirectoryOwner);
    expect(await place.claim(OTHER)).toMatch(
      /DirectoryTakenError: the checkpoint directory .* belongs to the cluster "one" \(JobManager on h1, process 11\)/,
    );
  });

  it('when both come at once, then one has it', async () => {
    const place = new Place();
    const settled = await Promise.all([place.claim(ONE), place.claim(OTHER)]);
    expect(settled.filter((owner) => owner instanceof DirectoryOwner)).toHaveLength(1);
    expect(settled.filter((owner) => typeof owner === 'string')).toHaveLength(1);
  });

  it('when the next leader of the same cluster comes, then it has the directory at once, and only it renews', async () => {
    const place = new Place();
    await place.claim(ONE);
    expect(await place.claim({ ...ONE, processId: 12 }, 1)).toBeInstanceOf(DirectoryOwner);
    await place.pass(DIRECTORY_RENEWAL_MS * 5);
    expect(place.logger.lines.filter(({ level }) => level === 'error')).toEqual([]);
    expect(await place.claim(OTHER)).toMatch('DirectoryTakenError');
  });

  it('when the owner has left it, then it is free at once', async () => {
    const place = new Place();
    const owner = (await place.claim(ONE)) as DirectoryOwner;
    await owner.release();
    expect(await place.claim(OTHER, 1)).toBeInstanceOf(DirectoryOwner);
  });

  it('when the owner is silent for the lease, then the directory is taken, not before', async () => {
    const place = new Silenced();
    await place.claimAndDie(ONE);
    const asked = place.clock.monotonic();
    expect(await place.claim(OTHER)).toBeInstanceOf(DirectoryOwner);
    expect(place.clock.monotonic() - asked).toBeGreaterThanOrEqual(DIRECTORY_LEASE_MS);
  });

  it('when the owner was a process of this host that has ended, then nobody waits for it', async () => {
    const place = new Silenced();
    await place.claimAndDie(ONE);
    place.dead.add(ONE.processId);
    expect(await place.claim({ ...OTHER, host: ONE.host }, 1)).toBeInstanceOf(DirectoryOwner);
  });

  it('when a renewal seems to fail and was carried out, then the owner goes on renewing', async () => {
    const place = new Place();
    await place.claim(ONE);
    const create = place.store.createExclusive.bind(place.store);
    place.store.createExclusive = async (...args) => {
      await create(...args);
      place.store.createExclusive = create;
      throw new Error('no answer');
    };
    await place.pass(DIRECTORY_LEASE_MS * 3);
    expect(await place.claim(OTHER)).toMatch('DirectoryTakenError');
    expect(place.logger.lines.map(({ message }) => message)).toEqual([
      'a checkpoint directory could not be kept',
    ]);
  });

  it('when the directory was kept for long, then few files tell of it, and damaged ones do not matter', async () => {
    const place = new Place();
    await place.claim(ONE);
    await place.pass(DIRECTORY_RENEWAL_MS * 50);
    expect(await place.store.list('_owner')).toHaveLength(2);
    await place.store.createExclusive('_owner/1000', new Uint8Array([1, 2, 3]));
    await place.store.createExclusive('_owner/note', new Uint8Array([1]));
    expect(await place.claim(OTHER)).toMatch('belongs to the cluster "one"');
  });
});
