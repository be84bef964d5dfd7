import type { Random } from '../../ports/random.ts';

/**
 * Pause before the next try after `elapsedMs` of trying: half of that time within the bounds, which grows like an
 * exponential backoff and needs no count of tries, and a quarter of jitter so that many clients do not come at once.
 */
export function nextDelay(elapsedMs: number, minMs: number, maxMs: number, random: Random): number {
  const base = Math.min(maxMs, Math.max(minMs, elapsedMs / 2));
  return base * (0.75 + random.next() / 2);
}
