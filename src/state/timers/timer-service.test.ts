import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Key } from '../../functions/basic.ts';
import { HashMapStateBackend } from '../hashmap/hashmap-backend.ts';
import { TimerQueue } from './timer-queue.ts';
import { InMemoryTimerService } from './timer-service.ts';

describe('TimerQueue', () => {
  it('when timers are registered and deleted at random, then they fire by time, then registration, once per key', () => {
    const op = fc.tuple(fc.boolean(), fc.integer({ min: 0, max: 5 }), fc.integer({ min: 0, max: 6 }));
    fc.assert(
      fc.property(fc.array(op), fc.integer({ min: 0, max: 6 }), (ops, until) => {
        const queue = new TimerQueue();
        let model: [number, number][] = [];
        for (const [add, key, time] of ops) {
          const known = model.some(([t, k]) => t === time && k === key);
          if (add) {
            expect(queue.register(key, time)).toBe(!known);
            if (!known) model.push([time, key]);
          } else {
            expect(queue.delete(key, time)).toBe(known);
            model = model.filter(([t, k]) => t !== time || k !== key);
          }
        }
        const fired: [number, Key][] = [];
        queue.advance(until, (time, key) => fired.push([time, key]) > 0);
        expect(fired).toEqual(model.filter(([t]) => t <= until).toSorted(([a], [b]) => a - b));
        expect(queue.size).toBe(model.filter(([t]) => t > until).length);
      }),
    );
  });

  it('when a handler stops, then the next call goes on after the timer that fired', () => {
    const queue = new TimerQueue();
    for (const key of ['a', 'b', 'c']) queue.register(key, 1);
    const fired: Key[] = [];
    const one = (): boolean => queue.advance(9, (_time, key) => fired.push(key) === 0);
    expect([one(), one(), one(), one()]).toEqual([false, false, false, true]);
    expect(fired).toEqual(['a', 'b', 'c']);
  });

  it('when a handler registers a due timer, then it fires in the same advance', () => {
    const queue = new TimerQueue();
    queue.register('a', 1);
    const fired: number[] = [];
    queue.advance(3, (time, key) => {
      fired.push(time);
      return queue.register(key, time + 1);
    });
    expect([fired, queue.next()]).toEqual([[1, 2, 3], 4]);
  });
});

describe('InMemoryTimerService', () => {
  it('when a timer fires, then its key is current', () => {
    const backend = new HashMapStateBackend({ start: 0, end: 127 }, 128, { now: () => 0 });
    const timers = new InMemoryTimerService({
      backend,
      currentWatermark: () => 5,
      currentProcessingTime: () => 9,
    });
    backend.setCurrentKey('a');
    timers.registerEventTimeTimer(3);
    timers.registerProcessingTimeTimer(4);
    backend.setCurrentKey('b');
    const seen: unknown[] = [];
    timers.advanceWatermark(
      3,
      (time, key, domain) => seen.push([time, key, domain, backend.getCurrentKey()]) > 0,
    );
    timers.advanceProcessingTime(3, () => true);
    expect(seen).toEqual([[3, 'a', 'event-time', 'a']]);
    expect([timers.nextProcessingTimer(), timers.size]).toEqual([4, 1]);
    expect(() => timers.registerEventTimeTimer(Number.NaN)).toThrow('finite timestamp');
  });
});
