import type { Clock, TimerHandle } from '../ports/clock.ts';

/** Real time for the conformance suites and their worker threads; nodes bring their own adapter. */
export const conformanceClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  setTimeout: (callback, delayMs) => ({ timer: setTimeout(callback, delayMs) }),
  clearTimeout: (handle: TimerHandle) => clearTimeout(handle.timer as NodeJS.Timeout),
};
