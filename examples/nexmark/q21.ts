// Query 21, channel ids: of the four hot channels by name, of the others from their url.
import { defineJob } from 'millrace';
import type { Bid } from './generator/index.ts';
import { emit } from './sink.ts';
import { bids } from './views.ts';

export interface ChannelBid {
  readonly auction: number;
  readonly bidder: number;
  readonly price: number;
  readonly channel: string;
  readonly channel_id: string;
}

const CHANNEL_ID = /(?:&|^)channel_id=([^&]*)/;

function channelIdOf(channel: string, url: string): string | undefined {
  switch (channel.toLowerCase()) {
    case 'apple':
      return '0';
    case 'google':
      return '1';
    case 'facebook':
      return '2';
    case 'baidu':
      return '3';
    default:
      return CHANNEL_ID.exec(url)?.[1];
  }
}

/** The row of a bid; undefined for one whose channel has no id. */
export function withChannelId({ auction, bidder, price, channel, url }: Bid): ChannelBid | undefined {
  const id = channelIdOf(channel, url);
  return id === undefined ? undefined : { auction, bidder, price, channel, channel_id: id };
}

export default defineJob('nexmark q21', (env) => {
  const rows = bids(env).flatMap<ChannelBid>((bid, out) => {
    const row = withChannelId(bid);
    if (row !== undefined) out.collect(row);
  });
  emit(env, rows);
});
