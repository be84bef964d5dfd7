/** What shapes the stream. Every field has the default of the published suite unless it says otherwise. */
export interface NexmarkOptions {
  /** Number of events over all generators; 0: without end. Default 0. */
  readonly numEvents?: number;
  /** Chance begins here: equal options and seeds give equal events. Default 1. */
  readonly seed?: number;
  /**
   * Generators with a timeline and a range of ids each: the splits of the source. Fixed, and not the parallelism of the
   * source, so that every parallelism reads the same events. Default 4.
   */
  readonly splits?: number;
  /** Events per second of event time, over all generators. Default 10,000. */
  readonly firstEventRate?: number;
  /** Whether events are handed over as fast as they are taken, or each at its due wall time. Default true. */
  readonly maxEmitSpeed?: boolean;
  /** Event time begins here, ms. Default 2015-07-15T00:00:00Z. */
  readonly baseTime?: number;
  /** Default 1: the first event is an auction, as the suite's connector has it. */
  readonly firstEventId?: number;
  readonly firstEventNumber?: number;
  /** Shares of the three kinds: 1, 3 and 46. */
  readonly personProportion?: number;
  readonly auctionProportion?: number;
  readonly bidProportion?: number;
  /** Sizes, in bytes, that `extra` fills records up to: 200, 500 and 100. */
  readonly avgPersonByteSize?: number;
  readonly avgAuctionByteSize?: number;
  readonly avgBidByteSize?: number;
  /** One in this many bids goes to another than the hot auction; default 2. Likewise bidders and sellers: 4. */
  readonly hotAuctionRatio?: number;
  readonly hotBiddersRatio?: number;
  readonly hotSellersRatio?: number;
  /** How far back bids choose auctions: 100. */
  readonly numInFlightAuctions?: number;
  /** How far back bids and auctions choose persons: 1,000. */
  readonly numActivePeople?: number;
  /** Every so many consecutive events come in another order; default 1: in order. */
  readonly outOfOrderGroupSize?: number;
  /** The suite adds the first person's id to bidders twice, so that few bidders are persons. Default true, as there. */
  readonly doubleBidderOffset?: boolean;
}

export type ResolvedOptions = Required<NexmarkOptions>;

export const NEXMARK_DEFAULTS: ResolvedOptions = {
  numEvents: 0,
  seed: 1,
  splits: 4,
  firstEventRate: 10_000,
  maxEmitSpeed: true,
  baseTime: 1_436_918_400_000,
  firstEventId: 1,
  firstEventNumber: 1,
  personProportion: 1,
  auctionProportion: 3,
  bidProportion: 46,
  avgPersonByteSize: 200,
  avgAuctionByteSize: 500,
  avgBidByteSize: 100,
  hotAuctionRatio: 2,
  hotBiddersRatio: 4,
  hotSellersRatio: 4,
  numInFlightAuctions: 100,
  numActivePeople: 1_000,
  outOfOrderGroupSize: 1,
  doubleBidderOffset: true,
};

/** Events of an endless stream, for the division of ids among its generators: at a million a second, half a year. */
const ENDLESS = 2 ** 44;

/** One generator: a timeline and a range of ids. */
export interface GeneratorConfig extends ResolvedOptions {
  /** Events that this generator makes. */
  readonly maxEvents: number;
  /** Event time between two events of this generator, in microseconds. */
  readonly spacing: number;
}

/** Lowest whole number that each counting option takes. */
const LOWEST = {
  numEvents: 0,
  splits: 1,
  baseTime: 0,
  firstEventId: 0,
  firstEventNumber: 0,
  personProportion: 0,
  auctionProportion: 0,
  bidProportion: 0,
  avgPersonByteSize: 0,
  avgAuctionByteSize: 0,
  avgBidByteSize: 0,
  hotAuctionRatio: 1,
  hotBiddersRatio: 1,
  hotSellersRatio: 1,
  numInFlightAuctions: 1,
  numActivePeople: 1,
  outOfOrderGroupSize: 1,
} as const;

/** Fills in the defaults. @throws RangeError for an option that makes no sense */
export function resolveOptions(options: NexmarkOptions): ResolvedOptions {
  const resolved: ResolvedOptions = { ...NEXMARK_DEFAULTS, ...options };
  for (const [name, lowest] of Object.entries(LOWEST) as [keyof typeof LOWEST, number][]) {
    const value = resolved[name];
    if (!Number.isSafeInteger(value) || value < lowest)
      throw new RangeError(`Nexmark: ${name} must be a whole number of at least ${lowest}, got ${value}`);
  }
  if (!Number.isSafeInteger(resolved.seed))
    throw new RangeError(`Nexmark: seed must be a whole number, got ${resolved.seed}`);
  if (!(resolved.firstEventRate > 0 && Number.isFinite(resolved.firstEventRate)))
    throw new RangeError(`Nexmark: firstEventRate must be positive, got ${resolved.firstEventRate}`);
  if (resolved.personProportion < 1 || resolved.auctionProportion < 1)
    throw new RangeError('Nexmark: persons and auctions need a proportion of at least 1: bids refer to them');
  return resolved;
}

/** Divides the stream among its generators: the same timeline for each, ids without overlap. */
export function splitConfigs(options: NexmarkOptions): GeneratorConfig[] {
  const resolved = resolveOptions(options);
  const { splits, firstEventRate, firstEventId } = resolved;
  const total = resolved.numEvents === 0 ? ENDLESS : resolved.numEvents;
  const share = Math.floor(total / splits);
  return Array.from({ length: splits }, (_, index) => ({
    ...resolved,
    firstEventId: firstEventId + index * share,
    maxEvents: index === splits - 1 ? total - share * (splits - 1) : share,
    spacing: (1_000_000 / firstEventRate) * splits,
  }));
}
