import type { Everything } from './run-query.ts';

export const q0 = ({ bids }: Everything): unknown[] =>
  bids.map(({ auction, bidder, price, dateTime, extra }) => ({ auction, bidder, price, dateTime, extra }));

export const q1 = ({ bids }: Everything): unknown[] =>
  bids.map(({ auction, bidder, price, dateTime, extra }) => ({
    auction,
    bidder,
    price: Number(((BigInt(price) * 908n) / 1000n).toString() + '.' + thousandths(price)),
    dateTime,
    extra,
  }));

/** The decimals of 0.908 * price, three digits. */
const thousandths = (price: number): string => ((BigInt(price) * 908n) % 1000n).toString().padStart(3, '0');

export const q2 = ({ bids }: Everything): unknown[] =>
  bids.flatMap(({ auction, price }) => (auction % 123 === 0 ? [{ auction, price }] : []));

export const q13 = ({ bids }: Everything): unknown[] =>
  bids.map(({ auction, bidder, price, dateTime }) => ({
    auction,
    bidder,
    price,
    dateTime,
    value: `${auction % 10_000}`,
  }));

export const q14 = (events: Everything): unknown[] =>
  q1(events).flatMap((row) => {
    const { price, dateTime, extra } = row as { price: number; dateTime: number; extra: string };
    if (!(price > 1_000_000 && price < 50_000_000)) return [];
    const hour = new Date(dateTime).getUTCHours();
    const day = hour >= 8 && hour <= 18;
    const night = hour <= 6 || hour >= 20;
    return [
      {
        ...(row as object),
        bidTimeType: day ? 'dayTime' : night ? 'nightTime' : 'otherTime',
        c_counts: extra.split('c').length - 1,
      },
    ];
  });

const IDS: Readonly<Record<string, string>> = { apple: '0', google: '1', facebook: '2', baidu: '3' };

export const q21 = ({ bids }: Everything): unknown[] =>
  bids.flatMap(({ auction, bidder, price, channel, url }) => {
    const channel_id =
      IDS[channel.toLowerCase()] ?? new URL(url).search.split('channel_id=')[1]?.split('&')[0];
    return channel_id === undefined ? [] : [{ auction, bidder, price, channel, channel_id }];
  });

export const q22 = ({ bids }: Everything): unknown[] =>
  bids.map(({ auction, bidder, price, channel, url }) => {
    const parts = url.split('/');
    return { auction, bidder, price, channel, dir1: parts[3], dir2: parts[4], dir3: parts[5] };
  });
