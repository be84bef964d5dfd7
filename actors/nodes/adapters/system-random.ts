import { randomBytes } from 'node:crypto';
import type { Random } from '../../../src/ports/random.ts';

/** Randomness of a node: the operating system's, fit for ids that must not be guessed. */
export const systemRandom: Random = {
  next: () => {
    const bytes = randomBytes(7);
    // 53 bits: what a double holds exactly.
    return bytes.readUIntBE(0, 6) / 2 ** 48 + (bytes.readUInt8(6) >>> 3) / 2 ** 53;
  },
  hex: (bytes) => randomBytes(bytes).toString('hex'),
};
