import type { KeyIdentity } from '../key-encoding.ts';
import type { TtlClock } from './ttl-clock.ts';
import type { Stamped } from './ttl-clock.ts';

/** How the values of one kind of state expire. */
export interface Expiry<T> {
  /** How much of the value is over; changes nothing. */
  look(value: T, clock: TtlClock): 'none' | 'some' | 'all';
  /** Removes the expired parts. Called where `look` said `some`. */
  shorten(value: T, clock: TtlClock): void;
}

function share(expired: number, all: number): 'none' | 'some' | 'all' {
  if (expired === 0) return 'none';
  return expired === all ? 'all' : 'some';
}

export const valueExpiry: Expiry<Stamped<unknown>> = {
  look: (stamped, clock) => (clock.isExpired(stamped) ? 'all' : 'none'),
  shorten: () => {},
};

export const listExpiry: Expiry<Stamped<unknown>[]> = {
  look: (list, clock) => share(list.filter((element) => clock.isExpired(element)).length, list.length),
  shorten: (list, clock) =>
    list.splice(0, list.length, ...list.filter((element) => !clock.isExpired(element))),
};

export const mapExpiry: Expiry<Map<KeyIdentity, Stamped<unknown>>> = {
  look: (map, clock) => {
    let expired = 0;
    for (const stamped of map.values()) if (clock.isExpired(stamped)) expired += 1;
    return share(expired, map.size);
  },
  shorten: (map, clock) => {
    for (const [identity, stamped] of map) if (clock.isExpired(stamped)) map.delete(identity);
  },
};
