import { createActor } from 'xstate';
import type { Actor } from 'xstate';
import { DeadlineExceededError } from '../../src/base/errors.ts';
import { leaderRecord } from '../../src/control/leader-lease.ts';
import type { LeaderElectionSettings, LeaderRecord, Lease } from '../../src/control/leader-lease.ts';
import type { Clock } from '../../src/ports/clock.ts';
import type { Logger } from '../../src/ports/logger.ts';
import type { MetadataStore } from '../../src/ports/stores.ts';
import type { ActorEnvironment } from '../messaging/environment.ts';
import { supervise } from '../messaging/supervise.ts';
import { xstateClock } from '../messaging/xstate-clock.ts';
import { leaderElectionMachine } from './leader-election.machine.ts';

/** What a JobManager runs while it leads. */
export interface LeadingRoles {
  /** Its REST API. */
  readonly rest: string | undefined;
  /** @param leaving in order; otherwise another one leads already */
  stop(leaving: boolean): Promise<void>;
}

export interface LeaderElectionOptions {
  readonly metadata: MetadataStore;
  readonly settings: LeaderElectionSettings;
  readonly host: string;
  readonly processId: number;
  /** Starts the roles of the leader. */
  lead(): Promise<LeadingRoles>;
  /** Another one leads, or nobody is known to. */
  standBy(leader: LeaderRecord | undefined): void;
}

/** A JobManager that leads, or stands by. */
export interface LeaderElection {
  readonly actor: Actor<typeof leaderElectionMachine>;
  /** Ends what it does; a leader leaves the lease to whoever stands by. */
  stop(): Promise<void>;
}

/** Starts to contend for the lease of the cluster. */
export function startLeaderElection(
  environment: ActorEnvironment,
  options: LeaderElectionOptions,
): LeaderElection {
  return new Election(environment, options);
}

const KEY = 'leader';

/** Reads who leads. */
export async function readLeader(metadata: MetadataStore): Promise<Lease | undefined> {
  const entry = await metadata.get(KEY);
  if (entry === undefined) return undefined;
  const record = leaderRecord.parse(JSON.parse(new TextDecoder().decode(entry.value)));
  return { record, revision: entry.revision };
}

class Election implements LeaderElection {
  readonly actor: Actor<typeof leaderElectionMachine>;
  readonly #options: LeaderElectionOptions;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #onFatal: ActorEnvironment['onFatal'];
  readonly #contender: string;
  #roles: Promise<LeadingRoles | undefined> = Promise.resolve(undefined);
  #rest: string | undefined;
  #released: Promise<void> = Promise.resolve();
  #stopping = false;

  constructor(environment: ActorEnvironment, options: LeaderElectionOptions) {
    this.#options = options;
    this.#clock = environment.clock;
    this.#logger = environment.logger;
    this.#onFatal = environment.onFatal;
    this.#contender = environment.random.hex(8);
    const actions = {
      look: () => void this.#look(),
      claim: () => void this.#claim(),
      renew: () => void this.#renew(),
      release: () => void (this.#released = this.#release()),
      lead: () => this.#lead(),
      revoke: () => this.#revoke(),
      noteLeader: () => this.#noteLeader(),
    };
    this.actor = createActor(leaderElectionMachine.provide({ actions }), {
      input: { contender: this.#contender, settings: options.settings },
      clock: xstateClock(environment.clock),
    });
    supervise(environment, this.actor, 'leader-election');
    this.actor.start();
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    this.actor.send({ type: 'stop' });
    await this.#roles;
    await this.#released;
  }

  #seen(): Lease | undefined {
    return this.actor.getSnapshot().context.seen?.lease;
  }

  async #look(): Promise<void> {
    try {
      const lease = await this.#within(this.#options.settings.retryMs, () =>
        readLeader(this.#options.metadata),
      );
      this.actor.send({ type: 'looked', lease, now: this.#clock.monotonic() });
    } catch (error) {
      this.#logger.warn('it could not be read who leads', { error });
      this.actor.send({ type: 'lookFailed' });
    }
  }

  async #claim(): Promise<void> {
    const now = this.#clock.monotonic();
    try {
      const lease = await this.#within(this.#options.settings.retryMs, () =>
        this.#write(this.#seen(), false),
      );
      this.actor.send(lease === undefined ? { type: 'superseded' } : { type: 'granted', lease, now });
    } catch (error) {
      this.#logger.warn('the lease of the leader could not be taken', { error });
      this.actor.send({ type: 'claimFailed' });
    }
  }

  async #renew(): Promise<void> {
    const { context } = this.actor.getSnapshot();
    const now = this.#clock.monotonic();
    const leftMs = context.grantedAt + context.settings.renewDeadlineMs - now;
    try {
      const lease = await this.#within(Math.max(0, leftMs), async () => {
        const held = this.#seen();
        const written = await this.#write(held, false);
        if (written !== undefined) return written;
        // A renewal that seemed to fail was carried out.
        const present = await readLeader(this.#options.metadata);
        return present?.record.contender === this.#contender ? present : undefined;
      });
      this.actor.send(lease === undefined ? { type: 'superseded' } : { type: 'granted', lease, now });
    } catch (error) {
      this.#logger.warn('the lease of the leader could not be renewed', { error });
      this.actor.send({ type: 'renewalFailed', now: this.#clock.monotonic() });
    }
  }

  /** Once the roles have ended: who follows finds nobody at work. */
  async #release(): Promise<void> {
    try {
      await this.#roles;
      await this.#within(this.#options.settings.retryMs, () => this.#write(this.#seen(), true));
    } catch (error) {
      this.#logger.warn(
        'the lease of the leader was not given back: the next one waits until it has run out',
        {
          error,
        },
      );
    }
  }

  /** Once the roles of a leadership before have ended. */
  #noteLeader(): void {
    void this.#roles.then(() => this.#options.standBy(this.#seen()?.record));
  }

  #lead(): void {
    const before = this.#roles;
    this.#roles = before.then(async () => {
      this.#rest = undefined;
      try {
        const roles = await this.#options.lead();
        this.#rest = roles.rest;
        this.actor.send({ type: 'announce' });
        return roles;
      } catch (error) {
        this.#onFatal(error, 'leader-election');
        return undefined;
      }
    });
  }

  #revoke(): void {
    const leaving = this.#stopping;
    if (!leaving)
      this.#logger.error('JobManager leads no more: another one does, or the lease could not be renewed');
    this.#roles = this.#roles.then(async (roles) => {
      await roles?.stop(leaving).catch((error: unknown) => this.#onFatal(error, 'leader-election'));
      return undefined;
    });
  }

  /** @returns undefined when somebody else was first */
  async #write(over: Lease | undefined, released: boolean): Promise<Lease | undefined> {
    const { metadata, host, processId } = this.#options;
    const record: LeaderRecord = {
      version: 1,
      contender: this.#contender,
      host,
      processId,
      ...(this.#rest === undefined ? {} : { rest: this.#rest }),
      renewals: over?.record.contender === this.#contender ? over.record.renewals + 1 : 0,
      released,
    };
    const value = new TextEncoder().encode(JSON.stringify(record));
    const written =
      over === undefined
        ? await metadata.create(KEY, value)
        : await metadata.update(KEY, value, over.revision);
    if (!written) return undefined;
    const present = await readLeader(metadata);
    return present?.record.contender === this.#contender ? present : undefined;
  }

  /** Settles in time, whatever the store does. */
  #within<T>(limitMs: number, act: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const timer = this.#clock.setTimeout(
        () =>
          reject(
            new DeadlineExceededError(`the metadata store did not answer within ${Math.round(limitMs)} ms`),
          ),
        limitMs,
      );
      act()
        .then(resolve, reject)
        .finally(() => this.#clock.clearTimeout(timer));
    });
  }
}
