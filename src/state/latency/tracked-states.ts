import type { AggregatingState, ListState, ValueState } from '../../functions/state.ts';
import type { AccessLatency } from './access-latency.ts';
import type { StateLatencies } from './operator-latencies.ts';

/** States whose accesses are timed. */
export class TrackedValueState<T> implements ValueState<T> {
  readonly #state: ValueState<T>;
  readonly #get: AccessLatency;
  readonly #update: AccessLatency;
  readonly #clear: AccessLatency;

  constructor(state: ValueState<T>, latencies: StateLatencies) {
    this.#state = state;
    this.#get = latencies.of('valueStateGetLatency');
    this.#update = latencies.of('valueStateUpdateLatency');
    this.#clear = latencies.of('stateClearLatency');
  }

  value(): T | undefined {
    const begun = this.#get.begin();
    const value = this.#state.value();
    this.#get.end(begun);
    return value;
  }

  update(value: T): void {
    const begun = this.#update.begin();
    this.#state.update(value);
    this.#update.end(begun);
  }

  clear(): void {
    const begun = this.#clear.begin();
    this.#state.clear();
    this.#clear.end(begun);
  }
}

export class TrackedListState<T> implements ListState<T> {
  readonly #state: ListState<T>;
  readonly #get: AccessLatency;
  readonly #add: AccessLatency;
  readonly #addAll: AccessLatency;
  readonly #update: AccessLatency;
  readonly #clear: AccessLatency;

  constructor(state: ListState<T>, latencies: StateLatencies) {
    this.#state = state;
    this.#get = latencies.of('listStateGetLatency');
    this.#add = latencies.of('listStateAddLatency');
    this.#addAll = latencies.of('listStateAddAllLatency');
    this.#update = latencies.of('listStateUpdateLatency');
    this.#clear = latencies.of('stateClearLatency');
  }

  get(): readonly T[] {
    const begun = this.#get.begin();
    const values = this.#state.get();
    this.#get.end(begun);
    return values;
  }

  add(value: T): void {
    const begun = this.#add.begin();
    this.#state.add(value);
    this.#add.end(begun);
  }

  addAll(values: readonly T[]): void {
    const begun = this.#addAll.begin();
    this.#state.addAll(values);
    this.#addAll.end(begun);
  }

  update(values: readonly T[]): void {
    const begun = this.#update.begin();
    this.#state.update(values);
    this.#update.end(begun);
  }

  clear(): void {
    const begun = this.#clear.begin();
    this.#state.clear();
    this.#clear.end(begun);
  }
}

/** A reducing state, or an aggregating one: they differ in the names of their times only. */
export class TrackedFoldingState<I, O> implements AggregatingState<I, O> {
  readonly #state: AggregatingState<I, O>;
  readonly #get: AccessLatency;
  readonly #add: AccessLatency;
  readonly #clear: AccessLatency;

  constructor(state: AggregatingState<I, O>, get: AccessLatency, add: AccessLatency, clear: AccessLatency) {
    this.#state = state;
    this.#get = get;
    this.#add = add;
    this.#clear = clear;
  }

  get(): O | undefined {
    const begun = this.#get.begin();
    const value = this.#state.get();
    this.#get.end(begun);
    return value;
  }

  add(value: I): void {
    const begun = this.#add.begin();
    this.#state.add(value);
    this.#add.end(begun);
  }

  clear(): void {
    const begun = this.#clear.begin();
    this.#state.clear();
    this.#clear.end(begun);
  }
}
