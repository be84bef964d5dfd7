import { describe, expect, it } from 'vitest';
import { channelId } from './channels.ts';
import { EventGenerator } from './event-generator.ts';
import { splitConfigs } from './options.ts';
import type { NexmarkOptions } from './options.ts';
import { AUCTION, BID, PERSON } from './records.ts';
import type { Auction, Bid, NexmarkEvent, Person } from './records.ts';

/** All events, one generator after the other. */
function events(options: NexmarkOptions): NexmarkEvent[] {
  return splitConfigs(options).flatMap((config) => {
    const generator = new EventGenerator(config);
    return Array.from({ length: config.maxEvents }, (_, k) => generator.event(k));
  });
}

function generator(options: NexmarkOptions = {}): EventGenerator {
  const [config] = splitConfigs({ splits: 1, ...options });
  if (config === undefined) throw new Error('there is one split');
  return new EventGenerator(config);
}

const ofType = <T extends NexmarkEvent>(all: readonly NexmarkEvent[], type: T['eventType']): T[] =>
  all.filter((event): event is T => event.eventType === type);

const share = <T>(all: readonly T[], holds: (item: T) => boolean): number =>
  all.filter(holds).length / all.length;

const SAMPLE = events({ numEvents: 200_000, splits: 1 });
const BIDS = ofType<Bid>(SAMPLE, BID);
const AUCTIONS = ofType<Auction>(SAMPLE, AUCTION);
const PERSONS = ofType<Person>(SAMPLE, PERSON);

describe('ids', () => {
  it('when an event is given then the newest person and auction are those of the published table', () => {
    const one = generator();
    const table = [0, 1, 2, 3, 4, 49, 50, 51, 5_000].map((e) => [one.lastPerson(e), one.lastAuction(e)]);
    const expected = [
      [0, -1],
      [0, 0],
      [0, 1],
      [0, 2],
      [0, 2],
      [0, 2],
      [1, 2],
      [1, 3],
      [100, 299],
    ];
    expect(table).toEqual(expected);
  });

  it('when generation begins at event 0 then ids of persons and auctions are dense and unique', () => {
    const all = events({ numEvents: 5_000, splits: 1, firstEventId: 0, firstEventNumber: 0 });
    const dense = (count: number): number[] => Array.from({ length: count }, (_, i) => 1_000 + i);
    expect(ofType<Person>(all, PERSON).map(({ id }) => id)).toEqual(dense(100));
    expect(ofType<Auction>(all, AUCTION).map(({ id }) => id)).toEqual(dense(300));
  });

  it('when the stream is divided among generators then they have the ids of one', () => {
    const ids = (splits: number): number[] =>
      ofType<Auction>(events({ numEvents: 10_007, splits }), AUCTION).map(({ id }) => id);
    expect(ids(3)).toEqual(ids(1));
  });

  it('when the suite starts it then the first event is an auction', () => {
    expect(SAMPLE[0]).toMatchObject({ eventType: AUCTION, id: 1_001 });
  });
});

describe('time', () => {
  it('when generators share a rate then each has its own timeline at their part of it', () => {
    for (const config of splitConfigs({ splits: 4, firstEventRate: 1_000, numEvents: 4_000 })) {
      const one = new EventGenerator(config);
      expect([0, 1, 999].map((k) => one.dueAfter(k))).toEqual([4, 8, 4_000]);
    }
  });

  it('when events come in order then dateTime never goes back', () => {
    expect(SAMPLE.every((event, i) => i === 0 || event.dateTime >= (SAMPLE[i - 1]?.dateTime ?? 0))).toBe(
      true,
    );
  });

  it('when groups are out of order then each event is within its group, and none is lost', () => {
    const options = { numEvents: 10_000, splits: 1, firstEventRate: 100, firstEventNumber: 0 };
    const scattered = events({ ...options, outOfOrderGroupSize: 50 });
    const ordered = events(options);
    expect(scattered).not.toEqual(ordered);
    expect(scattered.toSorted((a, b) => a.dateTime - b.dateTime)).toEqual(ordered);
    let newest = 0;
    for (const { dateTime } of scattered) {
      newest = Math.max(newest, dateTime);
      expect(newest - dateTime).toBeLessThan(50 * 10);
    }
  });
});

describe('chance', () => {
  it('when any event is made again, alone or by another generator, then it is the same', () => {
    const other = generator({ numEvents: 200_000 });
    for (const k of [199_999, 4, 77_777]) expect(other.event(k)).toEqual(SAMPLE[k]);
    expect(generator({ seed: 2 }).event(4)).not.toEqual(SAMPLE[4]);
  });

  it('when many events are made then kinds, hot ids, prices and filters have their shares', () => {
    expect(PERSONS).toHaveLength(4_000);
    expect(AUCTIONS).toHaveLength(12_000);
    expect(share(BIDS, ({ auction }) => auction % 100 === 0)).toBeCloseTo(0.505, 2);
    expect(share(BIDS, ({ bidder }) => bidder % 100 === 1)).toBeCloseTo(0.75, 1);
    expect(share(BIDS, ({ price }) => price < 10_000)).toBeCloseTo(1 / 3, 2);
    expect(share(BIDS, ({ price }) => price >= 1_000_000)).toBeCloseTo(1 / 3, 2);
    expect(share(BIDS, ({ price }) => price * 0.908 > 1e6 && price * 0.908 < 5e7)).toBeCloseTo(0.283, 2);
    expect(
      share(BIDS, ({ channel, url }) => !channel.includes('-') || url.includes('channel_id')),
    ).toBeCloseTo(0.949, 2);
    expect(share(AUCTIONS, ({ category }) => category === 10)).toBeCloseTo(0.2, 1);
    expect(share(PERSONS, ({ state }) => ['OR', 'ID', 'CA'].includes(state))).toBeCloseTo(0.5, 1);
  });

  it('when prices are drawn then they lie between 1 and 1,000,000 euros', () => {
    const prices = BIDS.map(({ price }) => price);
    expect(Math.min(...prices.slice(0, 100_000))).toBeGreaterThanOrEqual(100);
    expect(Math.max(...prices.slice(0, 100_000))).toBeLessThanOrEqual(100_000_000);
  });
});

describe('texts', () => {
  it('when records are measured as JSON then their mean sizes are the published ones', () => {
    const size = (all: readonly NexmarkEvent[]): number =>
      all.reduce((sum, { eventType: _, ...record }) => sum + JSON.stringify(record).length, 0) / all.length;
    expect(Math.abs(size(PERSONS) - 304)).toBeLessThan(5);
    expect(Math.abs(size(AUCTIONS) - 620)).toBeLessThan(5);
    expect(Math.abs(size(BIDS) - 244)).toBeLessThan(5);
  });

  it('when bids are filled up then extra has 54 to 81 letters', () => {
    const lengths = BIDS.map(({ extra }) => extra.length);
    expect([Math.min(...lengths.slice(0, 50_000)), Math.max(...lengths.slice(0, 50_000))]).toEqual([54, 81]);
  });

  it('when a channel tells its id then that is its number with the bits reversed', () => {
    expect([1, 2, 9_999].map(channelId)).toEqual([2_147_483_648, 1_073_741_824, 253_493_248]);
  });
});

describe('options', () => {
  it.each([
    [{ splits: 0 }, 'splits'],
    [{ numEvents: -1 }, 'numEvents'],
    [{ firstEventRate: 0 }, 'firstEventRate'],
    [{ seed: 0.5 }, 'seed'],
    [{ auctionProportion: 0 }, 'proportion'],
  ])('when an option makes no sense then it is refused: %j', (options, name) => {
    expect(() => splitConfigs(options)).toThrow(name);
  });
});
