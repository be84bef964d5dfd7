/** A bid as Nexmark generates them: four numbers, three texts, about 230 bytes as JSON. */
export interface Bid {
  readonly auction: number;
  readonly bidder: number;
  readonly price: number;
  readonly channel: string;
  readonly url: string;
  readonly dateTime: number;
  readonly extra: string;
}

const HOT_CHANNELS = ['Google', 'Facebook', 'Baidu', 'Apple'];
const BASE_TIME = 1_436_918_400_000;

/** Marsaglia's xorshift32: the same bids in each run. */
function generator(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

function letters(next: (below: number) => number, length: number): string {
  return Buffer.from(Array.from({ length }, () => 97 + next(26))).toString('latin1');
}

export function bids(count: number): Bid[] {
  const next = generator(0x2545f491);
  return Array.from({ length: count }, (_, i) => {
    const hot = next(2) === 0;
    const channel = hot ? (HOT_CHANNELS[next(4)] as string) : `channel-${next(10_000)}`;
    const path = [letters(next, 4), letters(next, 3), letters(next, 4)].join('/');
    return {
      auction: 1000 + (hot ? 100 * Math.floor(i / 100) : next(100_000)),
      bidder: 2000 + next(100_000),
      price: Math.round(10 ** ((6 * next(1_000_000)) / 1_000_000) * 100),
      channel,
      url: `https://www.nexmark.com/${path}/item.htm?query=1${hot ? '' : `&channel_id=${next(1e9)}`}`,
      dateTime: BASE_TIME + Math.floor(i / 10),
      extra: letters(next, 54 + next(28)),
    };
  });
}
