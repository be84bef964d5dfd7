import { CHANNELS, createChannels } from './channels.ts';
import type { Channels } from './channels.ts';
import { EventRandom } from './event-random.ts';
import type { GeneratorConfig } from './options.ts';
import { AUCTION, BID, PERSON } from './records.ts';
import type { Auction, Bid, NexmarkEvent, Person } from './records.ts';
import { Texts } from './texts.ts';

export const FIRST_PERSON_ID = 1_000;
export const FIRST_AUCTION_ID = 1_000;
const FIRST_CATEGORY_ID = 10;
const CATEGORIES = 5;
/** How many ids ahead of the newest person or auction an event may refer to. */
const ID_LEAD = 10;
/** A hot auction, seller or bidder stays so for this many ids. */
const HOT_BATCH = 100;
const HOT_CHANNELS_RATIO = 2;
const LOG_OF_PRICES = Math.log(10) * 6;
/** Numbers scatter the events of an out-of-order group. */
const SCATTER = 953;

const FIRST_NAMES = 'Peter Paul Luke John Saul Vicky Kate Julie Sarah Deiter Walter'.split(' ');
const LAST_NAMES = 'Shultz Abrams Spencer White Bartels Walton Smith Jones Noris'.split(' ');
const NAMES = FIRST_NAMES.flatMap((first) => LAST_NAMES.map((last) => `${first} ${last}`));
const CITIES = [
  'Phoenix',
  'Los Angeles',
  'San Francisco',
  'Boise',
  'Portland',
  'Bend',
  'Redmond',
  'Seattle',
  'Kent',
  'Cheyenne',
];
const STATES = ['AZ', 'CA', 'ID', 'OR', 'WA', 'WY'];
/** 0000 to 9999. */
const FOUR_DIGITS = Array.from({ length: 10_000 }, (_, number) => String(number).padStart(4, '0'));

/**
 * One generator: its k-th event is a function of the configuration and k alone, so that the count of events made is all
 * the state there is.
 */
export class EventGenerator {
  readonly config: GeneratorConfig;
  readonly #random: EventRandom;
  readonly #texts: Texts;
  readonly #channels: Channels;
  /** Events of one round: first persons, then auctions, then bids. */
  readonly #round: number;
  readonly #firstBid: number;
  readonly #firstBidder: number;
  /** Event numbers in which `numInFlightAuctions` auctions appear. */
  readonly #inFlight: number;

  constructor(config: GeneratorConfig) {
    this.config = config;
    const { personProportion, auctionProportion, bidProportion } = config;
    this.#random = new EventRandom(config.seed);
    ({ texts: this.#texts, channels: this.#channels } = tables(config.seed));
    this.#firstBid = personProportion + auctionProportion;
    this.#round = this.#firstBid + bidProportion;
    this.#firstBidder = FIRST_PERSON_ID * (config.doubleBidderOffset ? 2 : 1);
    this.#inFlight = Math.floor((config.numInFlightAuctions * this.#round) / auctionProportion);
  }

  /** The k-th event, k from 0. */
  event(k: number): NexmarkEvent {
    const adjusted = this.#adjusted(this.config.firstEventNumber + k);
    const id = this.config.firstEventId + adjusted;
    const dateTime = this.timeOf(adjusted);
    this.#random.start(id);
    const offset = id % this.#round;
    if (offset >= this.#firstBid) return this.#bid(id, dateTime);
    if (offset >= this.config.personProportion) return this.#auction(id, adjusted, dateTime);
    return this.#person(id, dateTime);
  }

  /** Event time of an event number, ms. */
  timeOf(number: number): number {
    const { baseTime, spacing } = this.config;
    return baseTime + Math.floor(Math.trunc(number * spacing) / 1_000);
  }

  /** How long after the generator's start the k-th event is due, ms. */
  dueAfter(k: number): number {
    const { baseTime, firstEventNumber } = this.config;
    return this.timeOf(firstEventNumber + k) - baseTime;
  }

  /** Base-0 id of the newest person at an event. */
  lastPerson(id: number): number {
    const { personProportion } = this.config;
    const rounds = Math.floor(id / this.#round);
    return rounds * personProportion + Math.min(id - rounds * this.#round, personProportion - 1);
  }

  /** Base-0 id of the newest auction at an event; -1 before the first. */
  lastAuction(id: number): number {
    const { personProportion, auctionProportion } = this.config;
    const rounds = Math.floor(id / this.#round);
    const offset = id - rounds * this.#round;
    if (offset < personProportion) return rounds * auctionProportion - 1;
    return rounds * auctionProportion + Math.min(offset - personProportion, auctionProportion - 1);
  }

  #adjusted(number: number): number {
    const group = this.config.outOfOrderGroupSize;
    if (group === 1) return number;
    const offset = number % group;
    return number - offset + ((offset * SCATTER) % group);
  }

  #coldPerson(last: number): number {
    const persons = last + 1;
    const active = Math.min(persons, this.config.numActivePeople);
    return persons - active + this.#random.below(active + ID_LEAD);
  }

  #coldAuction(last: number): number {
    const lowest = Math.max(last - this.config.numInFlightAuctions, 0);
    return lowest + this.#random.below(last - lowest + 1 + ID_LEAD);
  }

  #price(): number {
    return Math.round(Math.exp(this.#random.unit() * LOG_OF_PRICES) * 100);
  }

  #person(id: number, dateTime: number): Person {
    const random = this.#random;
    const texts = this.#texts;
    const name = NAMES[random.below(NAMES.length)] as string;
    const emailAddress = `${texts.word(random, 7)}@${texts.word(random, 5)}.com`;
    const creditCard = `${this.#digits()} ${this.#digits()} ${this.#digits()} ${this.#digits()}`;
    const city = CITIES[random.below(CITIES.length)] as string;
    const state = STATES[random.below(STATES.length)] as string;
    const size = 8 + name.length + emailAddress.length + creditCard.length + city.length + state.length;
    return {
      eventType: PERSON,
      id: FIRST_PERSON_ID + this.lastPerson(id),
      name,
      emailAddress,
      creditCard,
      city,
      state,
      dateTime,
      extra: texts.extra(random, size, this.config.avgPersonByteSize),
    };
  }

  #digits(): string {
    return FOUR_DIGITS[this.#random.below(FOUR_DIGITS.length)] as string;
  }

  #auction(id: number, number: number, dateTime: number): Auction {
    const random = this.#random;
    const texts = this.#texts;
    const { hotSellersRatio, avgAuctionByteSize } = this.config;
    const person = this.lastPerson(id);
    const seller =
      random.below(hotSellersRatio) > 0 ? person - (person % HOT_BATCH) : this.#coldPerson(person);
    const category = FIRST_CATEGORY_ID + random.below(CATEGORIES);
    const initialBid = this.#price();
    const reserve = initialBid + this.#price();
    const itemName = texts.word(random, 20);
    const description = texts.word(random, 100);
    const horizon = this.timeOf(number + this.#inFlight) - dateTime;
    return {
      eventType: AUCTION,
      id: FIRST_AUCTION_ID + this.lastAuction(id),
      itemName,
      description,
      initialBid,
      reserve,
      dateTime,
      expires: dateTime + 1 + random.below(Math.max(2 * horizon, 1)),
      seller: FIRST_PERSON_ID + seller,
      category,
      extra: texts.extra(random, 8 + itemName.length + description.length + 40, avgAuctionByteSize),
    };
  }

  #bid(id: number, dateTime: number): Bid {
    const random = this.#random;
    const { hotAuctionRatio, hotBiddersRatio, avgBidByteSize } = this.config;
    const lastAuction = this.lastAuction(id);
    const auction =
      random.below(hotAuctionRatio) > 0
        ? lastAuction - (lastAuction % HOT_BATCH)
        : this.#coldAuction(lastAuction);
    const lastPerson = this.lastPerson(id);
    // The 1 keeps the hot bidder apart from the hot seller.
    const bidder =
      random.below(hotBiddersRatio) > 0
        ? lastPerson - (lastPerson % HOT_BATCH) + 1
        : this.#coldPerson(lastPerson);
    const price = this.#price();
    const { hot, others } = this.#channels;
    const channel =
      random.below(HOT_CHANNELS_RATIO) > 0 ? hot[random.below(hot.length)] : others[random.below(CHANNELS)];
    if (channel === undefined) throw new Error('the table of channels is complete');
    return {
      eventType: BID,
      auction: FIRST_AUCTION_ID + auction,
      bidder: this.#firstBidder + bidder,
      price,
      channel: channel.name,
      url: channel.url,
      dateTime,
      extra: this.#texts.extra(random, 32, avgBidByteSize),
    };
  }
}

interface Tables {
  readonly texts: Texts;
  readonly channels: Channels;
}

let latest: (Tables & { readonly seed: number }) | undefined;

/** Texts and channels of a seed, shared by the generators of a thread. */
function tables(seed: number): Tables {
  if (latest?.seed === seed) return latest;
  const texts = new Texts(seed);
  latest = { seed, texts, channels: createChannels(seed, texts) };
  return latest;
}
