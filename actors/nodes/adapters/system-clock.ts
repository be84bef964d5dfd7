import type { Clock, TimerHandle } from '../../../src/ports/clock.ts';

/** Node fires timers beyond this at once instead of later. */
const LONGEST_TIMER_MS = 2_147_483_647;

interface SystemTimer {
  handle: NodeJS.Timeout | undefined;
}

/** The clock of a node: the machine's. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  setTimeout(callback, delayMs) {
    const timer: SystemTimer = { handle: undefined };
    arm(timer, callback, delayMs);
    return { timer };
  },
  clearTimeout(handle: TimerHandle) {
    clearTimeout((handle.timer as SystemTimer).handle);
  },
};

/** Longer delays run in stages. */
function arm(timer: SystemTimer, callback: () => void, delayMs: number): void {
  if (delayMs > LONGEST_TIMER_MS) {
    timer.handle = setTimeout(() => arm(timer, callback, delayMs - LONGEST_TIMER_MS), LONGEST_TIMER_MS);
  } else {
    timer.handle = setTimeout(callback, delayMs);
  }
}
