// Query 3, local item suggestion: who in Oregon, Idaho or California sells in category 10.
import { defineJob, KeyedCoProcessFunction, ListStateDescriptor, ValueStateDescriptor } from 'millrace';
import type { Collector, KeyedProcessContext, ListState, RuntimeContext, ValueState } from 'millrace';
import type { Auction, Person } from './generator/index.ts';
import { emit } from './sink.ts';
import { views } from './views.ts';

export interface LocalItem {
  readonly name: string;
  readonly city: string;
  readonly state: string;
  readonly id: number;
}

export interface Seller {
  readonly id: number;
  readonly name: string;
  readonly city: string;
  readonly state: string;
}

export const CATEGORY = 10;

interface Item {
  readonly id: number;
  readonly seller: number;
}

export const toSeller = ({ id, name, city, state }: Person): Seller => ({ id, name, city, state });
const toItem = ({ id, seller }: Auction): Item => ({ id, seller });

export function isLocal(state: string): boolean {
  return state === 'OR' || state === 'ID' || state === 'CA';
}

/**
 * Persons come once each, auctions before or after them. Persons from elsewhere are kept as well, so that no auction waits
 * for them for ever.
 */
class JoinSeller extends KeyedCoProcessFunction<number, Item, Seller, LocalItem> {
  #seller: ValueState<Seller> | undefined;
  #waiting: ListState<number> | undefined;

  override open(context: RuntimeContext): void {
    this.#seller = context.getState(new ValueStateDescriptor<Seller>('seller'));
    this.#waiting = context.getListState(new ListStateDescriptor<number>('waiting'));
  }

  processElement1({ id }: Item, _context: KeyedProcessContext<number>, out: Collector<LocalItem>): void {
    const seller = this.#seller?.value();
    if (seller === undefined) this.#waiting?.add(id);
    else join(seller, id, out);
  }

  processElement2(seller: Seller, _context: KeyedProcessContext<number>, out: Collector<LocalItem>): void {
    this.#seller?.update(seller);
    for (const id of this.#waiting?.get() ?? []) join(seller, id, out);
    this.#waiting?.clear();
  }
}

function join({ name, city, state }: Seller, id: number, out: Collector<LocalItem>): void {
  if (isLocal(state)) out.collect({ name, city, state, id });
}

export default defineJob('nexmark q3', (env) => {
  const { auctions, persons } = views(env);
  const items = auctions
    .filter((auction) => auction.category === CATEGORY)
    .map(toItem)
    .keyBy((item) => item.seller);
  const sellers = persons.map(toSeller).keyBy((person) => person.id);
  emit(env, items.connect(sellers).process(new JoinSeller()).name('join seller').uid('join-seller'));
});
