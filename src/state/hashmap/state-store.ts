import { UserError } from '../../base/errors.ts';
import type { KeyedStateStore } from '../../functions/context.ts';
import type {
  AggregatingState,
  AggregatingStateDescriptor,
  ListState,
  ListStateDescriptor,
  MapState,
  MapStateDescriptor,
  ReducingState,
  ReducingStateDescriptor,
  StateDescriptor,
  ValueState,
  ValueStateDescriptor,
} from '../../functions/state.ts';
import type { StateTtlConfig } from '../../functions/state-ttl.ts';
import type { KeyIdentity } from '../key-encoding.ts';
import type { Cell } from './cells.ts';
import { listExpiry, mapExpiry, valueExpiry } from './expiry.ts';
import type { Expiry } from './expiry.ts';
import {
  HashMapAggregatingState,
  HashMapListState,
  HashMapMapState,
  HashMapReducingState,
  HashMapValueState,
} from './states.ts';
import type { Stamped, TtlClock } from './ttl-clock.ts';
import {
  TtlAggregatingState,
  TtlListState,
  TtlMapState,
  TtlReducingState,
  TtlValueState,
} from './ttl-states.ts';

export type AnyDescriptor = StateDescriptor & { readonly kind: string };

export interface StateStoreHooks {
  /** A cell for the state of this descriptor. */
  newCell<T>(descriptor: AnyDescriptor): Cell<T>;
  /** The rules of a state with a time to live, its clean-up running. */
  startTtl<T>(config: StateTtlConfig, cell: Cell<T>, expiry: Expiry<T>): TtlClock;
}

/** Opens states over the cells of one scope; the same name twice gives the same state, if it is of the same kind. */
export class HashMapStateStore implements KeyedStateStore {
  readonly #hooks: StateStoreHooks;
  readonly #open = new Map<string, { readonly kind: string; readonly state: unknown }>();

  constructor(hooks: StateStoreHooks) {
    this.#hooks = hooks;
  }

  getState<T>(descriptor: ValueStateDescriptor<T>): ValueState<T> {
    const { ttlConfig: ttl, defaultValue } = descriptor;
    return this.#state<ValueState<T>>(descriptor, () => {
      if (ttl === undefined) return new HashMapValueState<T>(this.#hooks.newCell(descriptor), defaultValue);
      const cell = this.#hooks.newCell<Stamped<T>>(descriptor);
      return new TtlValueState<T>(cell, this.#hooks.startTtl(ttl, cell, valueExpiry), defaultValue);
    });
  }

  getListState<T>(descriptor: ListStateDescriptor<T>): ListState<T> {
    const { ttlConfig: ttl } = descriptor;
    return this.#state<ListState<T>>(descriptor, () => {
      if (ttl === undefined) return new HashMapListState<T>(this.#hooks.newCell(descriptor));
      const cell = this.#hooks.newCell<Stamped<T>[]>(descriptor);
      return new TtlListState<T>(cell, this.#hooks.startTtl(ttl, cell, listExpiry));
    });
  }

  getMapState<K, V>(descriptor: MapStateDescriptor<K, V>): MapState<K, V> {
    const { ttlConfig: ttl } = descriptor;
    return this.#state<MapState<K, V>>(descriptor, () => {
      if (ttl === undefined) return new HashMapMapState<K, V>(this.#hooks.newCell(descriptor));
      const cell = this.#hooks.newCell<Map<KeyIdentity, Stamped<V>>>(descriptor);
      return new TtlMapState<K, V>(cell, this.#hooks.startTtl(ttl, cell, mapExpiry));
    });
  }

  getReducingState<T>(descriptor: ReducingStateDescriptor<T>): ReducingState<T> {
    const { ttlConfig: ttl, reduce } = descriptor;
    return this.#state<ReducingState<T>>(descriptor, () => {
      if (ttl === undefined) return new HashMapReducingState<T>(this.#hooks.newCell(descriptor), reduce);
      const cell = this.#hooks.newCell<Stamped<T>>(descriptor);
      return new TtlReducingState<T>(cell, this.#hooks.startTtl(ttl, cell, valueExpiry), reduce);
    });
  }

  getAggregatingState<I, A, O>(descriptor: AggregatingStateDescriptor<I, A, O>): AggregatingState<I, O> {
    const { ttlConfig: ttl, aggregate } = descriptor;
    return this.#state<AggregatingState<I, O>>(descriptor, () => {
      if (ttl === undefined)
        return new HashMapAggregatingState<I, A, O>(this.#hooks.newCell(descriptor), aggregate);
      const cell = this.#hooks.newCell<Stamped<A>>(descriptor);
      const clock = this.#hooks.startTtl(ttl, cell, valueExpiry);
      return new TtlAggregatingState<I, A, O>(cell, clock, aggregate);
    });
  }

  #state<S>(descriptor: AnyDescriptor, create: () => S): S {
    const known = this.#open.get(descriptor.name);
    if (known === undefined) {
      const state = create();
      this.#open.set(descriptor.name, { kind: descriptor.kind, state });
      return state;
    }
    if (known.kind !== descriptor.kind) throw kindDiffers(descriptor, known.kind);
    return known.state as S;
  }
}

export function kindDiffers(descriptor: AnyDescriptor, known: string): UserError {
  return new UserError(
    `state "${descriptor.name}" is a ${known} state and cannot be opened as a ${descriptor.kind} state: ` +
      'give each state of an operator its own name',
  );
}
