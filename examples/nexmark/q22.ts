// Query 22, directories of the url of every bid.
import { defineJob } from 'millrace';
import type { Bid } from './generator/index.ts';
import { emit } from './sink.ts';
import { bids } from './views.ts';

export interface UrlBid {
  readonly auction: number;
  readonly bidder: number;
  readonly price: number;
  readonly channel: string;
  readonly dir1: string;
  readonly dir2: string;
  readonly dir3: string;
}

/** Parts 3, 4 and 5 of the url: what follows `https:`, nothing and the host. */
export function withDirectories({ auction, bidder, price, channel, url }: Bid): UrlBid {
  const first = url.indexOf('/', url.indexOf('//') + 2) + 1;
  const second = url.indexOf('/', first) + 1;
  const third = url.indexOf('/', second) + 1;
  return {
    auction,
    bidder,
    price,
    channel,
    dir1: url.slice(first, second - 1),
    dir2: url.slice(second, third - 1),
    dir3: url.slice(third, url.indexOf('/', third)),
  };
}

export default defineJob('nexmark q22', (env) => emit(env, bids(env).map(withDirectories)));
