import type { Clock } from '../../src/ports/clock.ts';

/** Calls `act` each `ms` until the returned function is called; one call at a time. */
export function every(clock: Clock, ms: number, act: () => void): () => void {
  const tick = (): void => {
    timer = clock.setTimeout(tick, ms);
    act();
  };
  let timer = clock.setTimeout(tick, ms);
  return () => clock.clearTimeout(timer);
}
