import { afterEach, describe, expect, it } from 'vitest';
import { createDoorbell, Doorbell } from '../exchange/doorbell.ts';
import { ThreadLoopDriver } from './thread-loop.adapter.ts';

/** Longer than any of these tests may take: what wakes must not be the time. */
const LONG_MS = 60_000;

describe('ThreadLoopDriver', () => {
  const memory = createDoorbell();
  const other = new Doorbell(memory);
  let driver = new ThreadLoopDriver(memory);

  afterEach(() => {
    driver.close();
    driver = new ThreadLoopDriver(memory);
  });

  const sleep = (): Promise<string> =>
    new Promise((resolve) => {
      driver.sleep(() => resolve('woken'), LONG_MS);
    });
  const turns = async (): Promise<void> => {
    for (let turn = 0; turn < 10; turn += 1) await new Promise((resolve) => void setImmediate(resolve));
  };

  it('when it is woken from its own thread, then the round is called', async () => {
    for (let sleeps = 0; sleeps < 5; sleeps += 1) {
      driver.arm();
      const woken = sleep();
      driver.wake();
      expect(await woken).toBe('woken');
    }
  });

  it('when another thread rings, also after sleeps that ended without it, then the round is called once', async () => {
    for (let sleeps = 0; sleeps < 5; sleeps += 1) {
      driver.arm();
      const own = sleep();
      driver.wake();
      expect(await own).toBe('woken');
      driver.arm();
      const rung = sleep();
      other.ring();
      expect(await rung).toBe('woken');
    }
  });

  it('when the bell rings between arm and sleep, then the sleep ends', async () => {
    for (const ring of [() => driver.wake(), () => other.ring(), () => driver.wake()]) {
      driver.arm();
      ring();
      expect(await sleep()).toBe('woken');
    }
  });

  it('when both wake it, then the round is called once', async () => {
    let calls = 0;
    driver.arm();
    driver.sleep(() => {
      calls += 1;
    }, LONG_MS);
    other.ring();
    driver.wake();
    await turns();
    expect(calls).toBe(1);
  });

  it('when nobody wakes it, then the round is called after the time', async () => {
    driver.arm();
    const woken = new Promise((resolve) => {
      driver.sleep(() => resolve('woken'), 1);
    });
    expect(await woken).toBe('woken');
  });

  it('when it is closed, then no round is called', async () => {
    let calls = 0;
    const count = (): void => {
      calls += 1;
    };
    driver.arm();
    driver.sleep(count, LONG_MS);
    driver.yield(count);
    driver.close();
    await turns();
    expect(calls).toBe(0);
  });
});
