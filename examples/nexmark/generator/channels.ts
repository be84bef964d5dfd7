import { EventRandom } from './event-random.ts';
import type { Texts } from './texts.ts';

export const CHANNELS = 10_000;
const HOT_CHANNELS = ['Google', 'Facebook', 'Baidu', 'Apple'] as const;

/** The channels that bids come through, each with its page. */
export interface Channel {
  readonly name: string;
  readonly url: string;
}

export interface Channels {
  readonly hot: readonly Channel[];
  readonly others: readonly Channel[];
}

/** Makes the table once; nine channels in ten tell their id in their url. */
export function createChannels(seed: number, texts: Texts): Channels {
  const random = new EventRandom(seed);
  random.start(-2);
  const page = (): string => {
    const [a, b, c] = [0, 1, 2].map(() => texts.underscoredWord(random, 5));
    return `https://www.nexmark.com/${a}/${b}/${c}/item.htm?query=1`;
  };
  // Joined once, here: V8 would join the parts of a text anew for each bid that has it.
  const joined = (text: string): string => Buffer.from(text, 'latin1').toString('latin1');
  const hot = HOT_CHANNELS.map((name) => ({ name, url: joined(page()) }));
  const others = Array.from({ length: CHANNELS }, (_, i) => {
    const url = page();
    const own = random.below(10) > 0 ? `${url}&channel_id=${channelId(i)}` : url;
    return { name: joined(`channel-${i}`), url: joined(own) };
  });
  return { hot, others };
}

/** The bits of `i` in reverse order, read as a signed number, without its sign. */
export function channelId(i: number): number {
  let reversed = 0;
  for (let bit = 0; bit < 32; bit += 1) reversed |= ((i >>> bit) & 1) << (31 - bit);
  return Math.abs(reversed);
}
