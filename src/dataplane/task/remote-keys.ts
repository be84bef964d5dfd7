import type { KeySelector } from '../../functions/basic.ts';
import type { RemoteGroups } from '../../state/index.ts';
import type { Chain, Flow } from '../chain/index.ts';

/** Keeps records from an operator whose rows are not here. */
export class RemoteKeys {
  readonly #remote: RemoteGroups;
  readonly #selectors: readonly (KeySelector<unknown> | undefined)[];

  private constructor(remote: RemoteGroups, selectors: readonly (KeySelector<unknown> | undefined)[]) {
    this.#remote = remote;
    this.#selectors = selectors;
  }

  /** Of the head of a chain; undefined where its rows are all here, and stay. */
  static ofHead({ members }: Chain): RemoteKeys | undefined {
    const head = members[0];
    const remote = head?.states.keyed?.remote;
    const selectors = head?.operator.keySelectors;
    if (remote === undefined || selectors === undefined || !(remote.any || remote.bounded)) return undefined;
    return new RemoteKeys(remote, selectors);
  }

  /** Whether a key has to be asked for, now or later. */
  get any(): boolean {
    return this.#remote.any || this.#remote.bounded;
  }

  /** Whether the rows of the record's key are here; where not, the task waits for them. */
  has(input: number, value: unknown): boolean {
    const selectKey = this.#selectors[input];
    return selectKey === undefined || this.#remote.has(selectKey(value));
  }

  /** Records that come after one that has to wait: what they need is brought with what that needs. */
  announce(input: number, values: readonly unknown[], from: number): void {
    const selectKey = this.#selectors[input];
    if (selectKey === undefined) return;
    try {
      for (let index = from; index < values.length; index += 1)
        this.#remote.announce(selectKey(values[index]));
    } catch {
      // A record without a usable key is refused when its turn comes.
    }
  }
}

/**
 * Begins to bring rows that a restore left elsewhere. Where an operator does not ask for its own, or is not the head, all are brought
 * before it is opened.
 * @throws KeyGroupLoadError
 */
export async function fetchRemote({ members }: Chain, flow: Flow): Promise<void> {
  for (const [index, { states, operator }] of members.entries()) {
    const remote = states.keyed?.remote;
    if (remote === undefined) continue;
    if (index > 0 || operator.keySelectors === undefined) await remote.all();
    else
      flow.watch(
        remote.start((promise) => flow.waitFor(promise, index)),
        index,
      );
  }
}
