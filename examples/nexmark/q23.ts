// Query 23, bids of sellers: every bid with the person who made it and each auction that this person has opened.
import { defineJob, KeyedProcessFunction, ListStateDescriptor, ValueStateDescriptor } from 'millrace';
import type { Collector, KeyedProcessContext, ListState, RuntimeContext, ValueState } from 'millrace';
import { AUCTION, BID, PERSON } from './generator/index.ts';
import type { Auction, Bid, NexmarkEvent, Person } from './generator/index.ts';
import { emit } from './sink.ts';
import { events } from './views.ts';

export interface SellersBid {
  readonly bidder: number;
  readonly price: number;
  readonly channel: string;
  readonly url: string;
  readonly bid_extra: string;
  readonly id: number;
  readonly name: string;
  readonly emailAddress: string;
  readonly creditCard: string;
  readonly city: string;
  readonly state: string;
  readonly person_extra: string;
  readonly itemName: string;
  readonly description: string;
  readonly initialBid: number;
  readonly reserve: number;
  readonly dateTime: number;
  readonly expires: number;
  readonly seller: number;
  readonly category: number;
  readonly auction_extra: string;
}

export const toSellersBid = (bid: Bid, person: Person, auction: Auction): SellersBid => ({
  bidder: bid.bidder,
  price: bid.price,
  channel: bid.channel,
  url: bid.url,
  bid_extra: bid.extra,
  id: person.id,
  name: person.name,
  emailAddress: person.emailAddress,
  creditCard: person.creditCard,
  city: person.city,
  state: person.state,
  person_extra: person.extra,
  itemName: auction.itemName,
  description: auction.description,
  initialBid: auction.initialBid,
  reserve: auction.reserve,
  dateTime: auction.dateTime,
  expires: auction.expires,
  seller: auction.seller,
  category: auction.category,
  auction_extra: auction.extra,
});

/** The person an event is about. */
export function personOf(event: NexmarkEvent): number {
  switch (event.eventType) {
    case PERSON:
      return event.id;
    case AUCTION:
      return event.seller;
    case BID:
      return event.bidder;
  }
}

/** All three inputs have the same key, so that one operator joins them. Persons come once each. */
class JoinPerson extends KeyedProcessFunction<number, NexmarkEvent, SellersBid> {
  #person: ValueState<Person> | undefined;
  #auctions: ListState<Auction> | undefined;
  #bids: ListState<Bid> | undefined;

  override open(context: RuntimeContext): void {
    this.#person = context.getState(new ValueStateDescriptor<Person>('person'));
    this.#auctions = context.getListState(new ListStateDescriptor<Auction>('auctions'));
    this.#bids = context.getListState(new ListStateDescriptor<Bid>('bids'));
  }

  processElement(
    event: NexmarkEvent,
    _context: KeyedProcessContext<number>,
    out: Collector<SellersBid>,
  ): void {
    switch (event.eventType) {
      case PERSON:
        this.#person?.update(event);
        for (const auction of this.#auctions?.get() ?? []) this.#joinAuction(event, auction, out);
        return;
      case AUCTION:
        this.#auctions?.add(event);
        this.#joinAuction(this.#person?.value(), event, out);
        return;
      case BID:
        this.#bids?.add(event);
        this.#joinBid(this.#person?.value(), event, out);
    }
  }

  #joinAuction(person: Person | undefined, auction: Auction, out: Collector<SellersBid>): void {
    if (person === undefined) return;
    for (const bid of this.#bids?.get() ?? []) out.collect(toSellersBid(bid, person, auction));
  }

  #joinBid(person: Person | undefined, bid: Bid, out: Collector<SellersBid>): void {
    if (person === undefined) return;
    for (const auction of this.#auctions?.get() ?? []) out.collect(toSellersBid(bid, person, auction));
  }
}

export default defineJob('nexmark q23', (env) => {
  const joined = events(env).keyBy(personOf).process(new JoinPerson()).name('join person').uid('join-person');
  emit(env, joined);
});
