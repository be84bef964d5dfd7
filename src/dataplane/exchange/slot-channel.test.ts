import { describe, expect, it } from 'vitest';
import { createSlotChannel } from './slot-channel.ts';

const WATERMARK = { kind: 'watermark', timestamp: 1 } as const;

describe('slot channel', () => {
  it('when it is full and flushed again and again, then the consumer is woken once: the loop of both can sleep', () => {
    let woken = 0;
    const { output, input } = createSlotChannel({
      bound: 2,
      wakeConsumer: () => (woken += 1),
      wakeProducer: () => {},
    });
    const taken = [WATERMARK, WATERMARK, WATERMARK].map((element) => output.offer(element));
    for (let step = 0; step < 3; step += 1) output.flush();
    expect([taken, woken]).toEqual([[true, true, false], 1]);
    input.poll();
    output.offer(WATERMARK);
    output.flush();
    expect(woken).toBe(2);
  });

  it('when the consumer takes from a channel that refused, then the producer is woken once', () => {
    let woken = 0;
    const { output, input } = createSlotChannel({
      bound: 1,
      wakeConsumer: () => {},
      wakeProducer: () => (woken += 1),
    });
    output.offer(WATERMARK);
    output.offer(WATERMARK);
    input.poll();
    input.poll();
    expect(woken).toBe(1);
  });
});
