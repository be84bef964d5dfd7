import { EventRandom } from './event-random.ts';

/** Random letters from which texts are cut: cheaper than letters one by one. */
const LETTERS = 2 ** 20;
/** Same for words, in which one character in 13 is a separator. */
const WORD_LETTERS = 2 ** 18;
const SHORTEST_WORD = 3;
const A = 97;

function randomText(random: EventRandom, length: number, separator: string | undefined): string {
  const codes = new Uint8Array(length);
  const separatorCode = separator?.charCodeAt(0);
  for (let i = 0; i < length; i += 1) {
    codes[i] = separatorCode !== undefined && random.below(13) === 0 ? separatorCode : A + random.below(26);
  }
  return Buffer.from(codes.buffer).toString('latin1');
}

/** The texts of Nexmark's records. */
export class Texts {
  readonly #letters: string;
  readonly #words: string;
  readonly #underscored: string;

  constructor(seed: number) {
    const random = new EventRandom(seed);
    random.start(-1);
    this.#letters = randomText(random, LETTERS, undefined);
    this.#words = randomText(random, WORD_LETTERS, ' ');
    this.#underscored = randomText(random, WORD_LETTERS, '_');
  }

  /** 3 to `max` - 1 letters and blanks, trimmed. */
  word(random: EventRandom, max: number): string {
    const length = SHORTEST_WORD + random.below(max - SHORTEST_WORD);
    const at = random.below(WORD_LETTERS - length);
    return this.#words.slice(at, at + length).trim();
  }

  /** The same, with underscores instead of blanks. */
  underscoredWord(random: EventRandom, max: number): string {
    const length = SHORTEST_WORD + random.below(max - SHORTEST_WORD);
    const at = random.below(WORD_LETTERS - length);
    return this.#underscored.slice(at, at + length);
  }

  /** Fills a record of `current` bytes up to about `target` bytes: within a fifth of what is missing. */
  extra(random: EventRandom, current: number, target: number): string {
    if (current > target) return '';
    const missing = target - current;
    const spread = Math.round(0.2 * missing);
    const length = missing - spread + (spread === 0 ? 0 : random.below(2 * spread));
    const at = random.below(LETTERS - length);
    return this.#letters.slice(at, at + length);
  }
}
