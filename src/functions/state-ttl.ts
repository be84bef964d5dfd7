import { UserError } from '../base/errors.ts';
import { toMillis } from '../base/time.ts';
import type { DurationLike } from '../base/time.ts';

/** What renews the life of a value: writing it, or reading it as well. */
export const UpdateType = {
  OnCreateAndWrite: 'OnCreateAndWrite',
  OnReadAndWrite: 'OnReadAndWrite',
} as const;
export type UpdateType = (typeof UpdateType)[keyof typeof UpdateType];

/**
 * What a read gives of a value whose time is over: nothing, or the value if it was not cleaned up yet. A read cleans up:
 * an expired value is given at most once.
 */
export const StateVisibility = {
  NeverReturnExpired: 'NeverReturnExpired',
  ReturnExpiredIfNotCleanedUp: 'ReturnExpiredIfNotCleanedUp',
} as const;
export type StateVisibility = (typeof StateVisibility)[keyof typeof StateVisibility];

/** Clean-up in passing: at each access of the state (or at each record) so many keys are looked at. */
export interface IncrementalCleanup {
  readonly cleanupSize: number;
  readonly runForEveryRecord: boolean;
}

interface TtlSettings {
  readonly ttlMs: number;
  readonly updateType: UpdateType;
  readonly stateVisibility: StateVisibility;
  readonly incrementalCleanup: IncrementalCleanup | undefined;
}

/** Flink's default of the heap backend. */
const DEFAULT_CLEANUP: IncrementalCleanup = { cleanupSize: 5, runForEveryRecord: false };

/**
 * How long state lives, in processing time: a value is expired when `ttl` has passed since its last update. Lists expire by
 * element, maps by entry. Immutable; made by `StateTtlConfig.newBuilder(ttl)...build()`.
 */
export class StateTtlConfig {
  static readonly UpdateType = UpdateType;
  static readonly StateVisibility = StateVisibility;

  readonly ttlMs: number;
  readonly updateType: UpdateType;
  readonly stateVisibility: StateVisibility;
  /** Undefined: only reads clean up. */
  readonly incrementalCleanup: IncrementalCleanup | undefined;

  constructor(settings: TtlSettings) {
    this.ttlMs = settings.ttlMs;
    this.updateType = settings.updateType;
    this.stateVisibility = settings.stateVisibility;
    this.incrementalCleanup = settings.incrementalCleanup;
  }

  /** @throws UserError when `ttl` is not a positive duration */
  static newBuilder(ttl: DurationLike): StateTtlConfigBuilder {
    return new StateTtlConfigBuilder(ttl);
  }
}

export class StateTtlConfigBuilder {
  readonly #ttlMs: number;
  #updateType: UpdateType = UpdateType.OnCreateAndWrite;
  #stateVisibility: StateVisibility = StateVisibility.NeverReturnExpired;
  #cleanup: IncrementalCleanup | undefined = DEFAULT_CLEANUP;

  constructor(ttl: DurationLike) {
    this.#ttlMs = toMillis(ttl, 'time to live of a state');
    if (!(this.#ttlMs > 0)) {
      throw new UserError(`the time to live of a state must be positive, got ${this.#ttlMs} ms`);
    }
  }

  /** Default: `OnCreateAndWrite`. */
  setUpdateType(updateType: UpdateType): this {
    this.#updateType = oneOf(UpdateType, updateType, 'update type');
    return this;
  }

  /** Default: `NeverReturnExpired`. */
  setStateVisibility(stateVisibility: StateVisibility): this {
    this.#stateVisibility = oneOf(StateVisibility, stateVisibility, 'state visibility');
    return this;
  }

  /**
   * Looks at `cleanupSize` keys at each access of the state, with `runForEveryRecord` also at each record of the operator,
   * going round and round. Default: 5 keys at each access.
   */
  cleanupIncrementally(cleanupSize: number, runForEveryRecord: boolean): this {
    if (!Number.isSafeInteger(cleanupSize) || cleanupSize < 1) {
      throw new UserError(
        `the number of keys to clean up must be a whole number of at least 1, got ${cleanupSize}`,
      );
    }
    this.#cleanup = { cleanupSize, runForEveryRecord };
    return this;
  }

  /** Expired values go only when they are read. */
  disableCleanupInBackground(): this {
    this.#cleanup = undefined;
    return this;
  }

  build(): StateTtlConfig {
    return new StateTtlConfig({
      ttlMs: this.#ttlMs,
      updateType: this.#updateType,
      stateVisibility: this.#stateVisibility,
      incrementalCleanup: this.#cleanup,
    });
  }
}

function oneOf<T extends string>(words: Readonly<Record<string, T>>, word: T, what: string): T {
  if (Object.hasOwn(words, word)) return word;
  throw new UserError(
    `the ${what} of a state must be one of ${Object.keys(words).join(', ')}, got "${word}"`,
  );
}
