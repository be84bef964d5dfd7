import type { ActorOptions, AnyActorLogic } from 'xstate';
import type { Clock, TimerHandle } from '../../src/ports/clock.ts';

/** The port's clock in the shape that xstate's delayed transitions want. */
export function xstateClock(clock: Clock): NonNullable<ActorOptions<AnyActorLogic>['clock']> {
  return {
    setTimeout: (callback: (...args: unknown[]) => void, delayMs: number): TimerHandle =>
      clock.setTimeout(() => callback(), delayMs),
    clearTimeout: (handle: TimerHandle) => {
      if (handle !== undefined) clock.clearTimeout(handle);
    },
  };
}
