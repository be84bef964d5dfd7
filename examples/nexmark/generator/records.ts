/** `eventType` of a person: somebody who opens auctions or bids. */
export const PERSON = 0;
/** `eventType` of an auction: an item put up for sale. */
export const AUCTION = 1;
/** `eventType` of a bid. */
export const BID = 2;

/** Times are ms since the epoch, prices cents. */
export interface Person {
  readonly eventType: typeof PERSON;
  readonly id: number;
  readonly name: string;
  readonly emailAddress: string;
  readonly creditCard: string;
  readonly city: string;
  readonly state: string;
  readonly dateTime: number;
  readonly extra: string;
}

export interface Auction {
  readonly eventType: typeof AUCTION;
  readonly id: number;
  readonly itemName: string;
  readonly description: string;
  readonly initialBid: number;
  readonly reserve: number;
  readonly dateTime: number;
  /** The last moment of the auction. */
  readonly expires: number;
  /** Id of a person. */
  readonly seller: number;
  readonly category: number;
  readonly extra: string;
}

export interface Bid {
  readonly eventType: typeof BID;
  /** Id of an auction, which may arrive after its first bids. */
  readonly auction: number;
  /** Id of a person. */
  readonly bidder: number;
  readonly price: number;
  readonly channel: string;
  readonly url: string;
  readonly dateTime: number;
  readonly extra: string;
}

export type NexmarkEvent = Person | Auction | Bid;
