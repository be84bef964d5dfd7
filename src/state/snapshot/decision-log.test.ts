import { describe, expect, it } from 'vitest';
import { ExternalError, InternalError } from '../../base/errors.ts';
import type { Epoch } from '../../base/ids.ts';
import { MemorySnapshotStore } from '../../storage/memory/snapshot-store.ts';
import { SeededRandom } from '../../testing/seeded-random.ts';
import { afterDecision, decodeDecision } from './decision-entry.ts';
import type { CompletedCheckpoint, DecisionEntry, DecisionState } from './decision-entry.ts';
import { DecisionLog } from './decision-log.ts';
import { LeadershipLostError, SnapshotCorruptError, SnapshotVersionError } from './errors.ts';
import { SteppedStore } from './test-support/stepped-store.ts';

let seed = 0;
const open = (store: MemorySnapshotStore, entriesKept?: number): DecisionLog =>
  DecisionLog.open({
    store,
    root: 'job',
    token: new SeededRandom(++seed).hex(16),
    ...(entriesKept === undefined ? {} : { entriesKept }),
  });
const epoch = (n: number): Epoch => n as Epoch;
const checkpoint = (checkpointId: number): Omit<CompletedCheckpoint, 'epoch'> => ({
  checkpointId,
  kind: 'checkpoint',
  manifestPath: `job/chk-${checkpointId}/_metadata`,
  manifestChecksum: 'c0ffee',
});
const idsOf = (completed: readonly CompletedCheckpoint[]): number[] =>
  completed.map(({ checkpointId }) => checkpointId);

describe('decision log', () => {
  it('when the log is empty, the first leader starts with nothing and id 1', async () => {
    const store = new MemorySnapshotStore();
    expect(await DecisionLog.read(store, 'job')).toBeUndefined();
    expect(await open(store).takeOver(epoch(1))).toEqual({ completed: [], nextCheckpointId: 1 });
  });

  it('when a new leader takes over, it finds what was completed and not disposed, and unused ids', async () => {
    const store = new MemorySnapshotStore();
    const one = open(store);
    await one.takeOver(epoch(1));
    await one.reserve(10);
    for (const id of [1, 2, 4]) await one.complete(checkpoint(id));
    await one.complete(checkpoint(5), [1]);
    await one.dispose([2, 77]);
    const taken = await open(store).takeOver(epoch(2));
    expect(idsOf(taken.completed)).toEqual([4, 5]);
    expect(taken.completed[1]).toEqual({ ...checkpoint(5), epoch: 1 });
    expect(taken.nextCheckpointId).toBe(11);
  });

  it('when a leader was superseded, everything it decides is refused for good, and nothing changes', async () => {
    const store = new MemorySnapshotStore();
    const [one, two] = [open(store), open(store)];
    await one.takeOver(epoch(1));
    await one.reserve(10);
    await two.takeOver(epoch(2));
    const before = await DecisionLog.read(store, 'job');
    const error = await one.complete(checkpoint(1)).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(LeadershipLostError);
    expect(error).toMatchObject({ retryable: false, domain: 'external' });
    expect((error as Error).message).toMatch(/epoch 1 was superseded: a leader of epoch 2/);
    for (const act of [() => one.reserve(20), () => one.dispose([1]), () => one.complete(checkpoint(1))])
      await expect(act()).rejects.toThrow(LeadershipLostError);
    expect(await DecisionLog.read(store, 'job')).toEqual(before);
  });

  it('when the epoch was used by another leader, or is lower, takeOver is refused', async () => {
    const store = new MemorySnapshotStore();
    await open(store).takeOver(epoch(3));
    await expect(open(store).takeOver(epoch(3))).rejects.toThrow(LeadershipLostError);
    await expect(open(store).takeOver(epoch(2))).rejects.toThrow(/higher epoch/);
    await open(store).takeOver(epoch(4));
  });

  it('when two leaders of the same epoch take over at once, one of them does', async () => {
    for (let round = 0; round < 20; round++) {
      const store = new MemorySnapshotStore();
      const ends = await Promise.allSettled([open(store).takeOver(epoch(1)), open(store).takeOver(epoch(1))]);
      expect(ends.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
    }
  });

  it('when an id was not reserved by this leader, completing it is an error; completing twice is one COMPLETE', async () => {
    const store = new MemorySnapshotStore();
    const one = open(store);
    await expect(one.reserve(1)).rejects.toThrow(InternalError);
    await one.takeOver(epoch(1));
    await expect(one.complete(checkpoint(1))).rejects.toThrow(/not reserved/);
    await one.reserve(2);
    await Promise.all([
      one.complete(checkpoint(1)),
      one.complete(checkpoint(1)),
      one.complete(checkpoint(2)),
    ]);
    await one.dispose([1]);
    await one.complete(checkpoint(1));
    const two = open(store);
    expect(idsOf((await two.takeOver(epoch(2))).completed)).toEqual([2]);
    await two.reserve(4);
    await expect(two.complete(checkpoint(1))).rejects.toThrow(/not reserved/);
    await expect(one.takeOver(epoch(9))).rejects.toThrow(InternalError);
  });

  it('when the log is long, old entries go, numbers go on, and a leader who slept since learns it', async () => {
    const store = new MemorySnapshotStore();
    const sleeper = open(store, 3);
    await sleeper.takeOver(epoch(1));
    await sleeper.reserve(5);
    const busy = open(store, 3);
    await busy.takeOver(epoch(2));
    await busy.reserve(100);
    for (let id = 6; id <= 40; id++) await busy.complete(checkpoint(id), id === 6 ? [] : [id - 1]);
    const slots = async (): Promise<string[]> => (await store.list('job/decisions')).map(({ path }) => path);
    expect(await slots()).toEqual([38, 39, 40].map((slot) => `job/decisions/${slot - 1}`));
    // Its next slot is free again, and what it writes there counts for nothing.
    await expect(sleeper.complete(checkpoint(1))).rejects.toThrow(LeadershipLostError);
    expect(await slots()).toContain('job/decisions/3');
    expect(idsOf((await open(store, 3).takeOver(epoch(3))).completed)).toEqual([40]);
  });

  it('when the newest entry is damaged or of a later version, takeOver fails instead of going back', async () => {
    const store = new MemorySnapshotStore();
    await open(store).takeOver(epoch(1));
    const good = await store.read('job/decisions/1');
    for (const [text, wanted] of [
      [new TextDecoder().decode(good).replace('"epoch":1', '"epoch":0'), SnapshotCorruptError],
      ['', SnapshotCorruptError],
      ['5a1dc9f0 {"version":2}\n', SnapshotVersionError],
    ] as const) {
      await store.delete(['job/decisions/2']);
      await store.createExclusive('job/decisions/2', new TextEncoder().encode(text));
      await expect(open(store).takeOver(epoch(2))).rejects.toThrow(wanted);
    }
  });
});

/** One leader's life in the model: what it was told. */
interface Life {
  readonly token: string;
  taken: { readonly completed: number[]; readonly nextCheckpointId: number } | undefined;
  readonly used: number[];
  readonly done: number[];
}

class Model {
  readonly store: SteppedStore;
  readonly lives: Life[] = [];
  readonly #random: SeededRandom;
  #epoch = 0;
  #running = 0;

  constructor(random: SeededRandom) {
    this.#random = random;
    this.store = new SteppedStore(random.fork('store'));
  }

  /** Several leaders that do not know of each other, one after the other in each of `lanes` places. */
  async run(lanes: number, steps: number): Promise<void> {
    this.store.faults = this.#random.pick([0, 0.02, 0.2]);
    let ended = 0;
    const work = Array.from({ length: lanes }, async (_, lane) => {
      while (ended === 0) await this.#live(`lane ${lane}`, this.#random.int(12));
    });
    for (let at = 0; at < steps; at++) await this.#turn();
    ended = 1;
    this.store.faults = 0;
    const done = Promise.all(work).then(() => (ended = 2));
    while (ended < 2) await this.#turn();
    await done;
    while (this.store.waiting > 0) await this.store.step();
  }

  /** After everything healed a leader with a new epoch must come through. */
  async heal(): Promise<Life> {
    const life = this.#live('last', 5, true);
    let over = false;
    void life.finally(() => (over = true)).catch(() => {});
    while (!over) await this.#turn();
    return life;
  }

  async #turn(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    if (this.store.waiting > 0) await this.store.step();
  }

  async #live(lane: string, decisions: number, fresh = false): Promise<Life> {
    const name = `${lane} ${this.#running++}`;
    const random = this.#random.fork(name);
    const token = random.fork('tokens').hex(16);
    const life: Life = { token, taken: undefined, used: [], done: [] };
    this.lives.push(life);
    // Now and then an epoch that another one has too.
    const mine = epoch(!fresh && random.chance(0.2) ? this.#epoch : ++this.#epoch);
    const log = DecisionLog.open({
      store: this.store.handle(name),
      root: 'job',
      token,
      entriesKept: 2,
    });
    try {
      await this.#lead(log, life, mine, decisions, random);
    } catch (error) {
      if (error instanceof InternalError) throw error;
    }
    return life;
  }

  async #lead(
    log: DecisionLog,
    life: Life,
    mine: Epoch,
    decisions: number,
    random: SeededRandom,
  ): Promise<void> {
    const { completed, nextCheckpointId } = await persistently(random, () => log.takeOver(mine));
    life.taken = { completed: idsOf(completed), nextCheckpointId };
    const last = nextCheckpointId + decisions;
    await persistently(random, () => log.reserve(last));
    const live = idsOf(completed);
    for (let id = nextCheckpointId; id <= last; id++) {
      life.used.push(id);
      // Others are told that it was aborted.
      if (random.chance(0.2)) continue;
      const disposes = random.chance(0.5) ? live.splice(0) : [];
      await persistently(random, () => log.complete(checkpoint(id), disposes));
      life.done.push(id);
      live.push(id);
      if (random.chance(0.1)) await persistently(random, () => log.dispose(live.splice(0, 1)));
    }
  }
}

/** As a caller does: the same again while the outcome is unknown, or it gives up. */
async function persistently<T>(random: SeededRandom, act: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await act();
    } catch (error) {
      if (!(error instanceof ExternalError) || random.chance(0.1)) throw error;
    }
  }
}

/** The log as it was: of each slot the first entry; a slot made again after it was removed is void. */
function historyOf(store: SteppedStore): { readonly entries: DecisionEntry[]; readonly voids: number } {
  const entries: DecisionEntry[] = [];
  let voids = 0;
  for (const { path, content } of store.made) {
    const slot = Number(path.split('/').at(-1));
    if (entries[slot - 1] === undefined) entries[slot - 1] = decodeDecision(path, content);
    else voids += 1;
  }
  return { entries, voids };
}

function checkHistory(entries: readonly DecisionEntry[], lives: readonly Life[]): void {
  let state: DecisionState | undefined;
  const completes = new Map<number, string>();
  for (const [at, entry] of entries.entries()) {
    expect(entry, `slot ${at + 1} was skipped`).toBeDefined();
    const { leader, decision } = entry;
    const life = lives.find(({ token }) => token === leader.token);
    if (decision.type === 'TAKEOVER') {
      if (leader.token !== state?.leader.token)
        expect(leader.epoch, 'epochs increase').toBeGreaterThan(state?.leader.epoch ?? -1);
    } else {
      expect(leader, 'only the leader decides').toEqual(state?.leader);
      if (decision.type === 'RESERVE') expect(decision.upTo).toBeGreaterThan(state?.reservedUpTo ?? 0);
    }
    if (decision.type === 'COMPLETE') {
      const { checkpointId } = decision.checkpoint;
      expect(completes.has(checkpointId), `checkpoint ${checkpointId} was completed once`).toBe(false);
      expect(life?.used).toContain(checkpointId);
      completes.set(checkpointId, leader.token);
    }
    state = afterDecision(state, leader, decision);
    expect(entry.state, 'the entry tells what all before came to').toEqual(state);
  }
  for (const { token, taken } of lives) {
    if (taken === undefined) continue;
    const own = entries.findLast(
      ({ leader, decision }) => leader.token === token && decision.type === 'TAKEOVER',
    );
    expect(taken, 'who took over was told what the log said then').toEqual({
      completed: idsOf(own?.state.completed ?? []),
      nextCheckpointId: (own?.state.reservedUpTo ?? -1) + 1,
    });
  }
  for (const { token, done } of lives)
    for (const id of done)
      expect(completes.get(id), `checkpoint ${id} that was announced exists`).toBe(token);
  const used = lives.flatMap(({ used }) => used);
  expect(new Set(used).size, 'no id was used twice').toBe(used.length);
}

describe('decision log with leaders that do not know of each other and a store that fails', () => {
  it('when they interleave in any way, no superseded leader completes anything, and every announced checkpoint exists', async () => {
    const seen = { voids: 0, done: 0, lost: 0 };
    for (let at = 1; at <= 150; at++) {
      const model = new Model(new SeededRandom(at));
      await model.run(3, 300);
      const last = await model.heal();
      const { entries, voids } = historyOf(model.store);
      expect(last.taken, `seed ${at}: the last leader came through`).toBeDefined();
      checkHistory(entries, model.lives);
      seen.voids += voids;
      seen.done += model.lives.reduce((sum, { done }) => sum + done.length, 0);
      seen.lost += model.lives.filter(({ taken }) => taken === undefined).length;
    }
    // The draw must reach what this is about.
    expect(seen.done).toBeGreaterThan(500);
    expect(seen.voids).toBeGreaterThan(20);
    expect(seen.lost).toBeGreaterThan(50);
  });
});
