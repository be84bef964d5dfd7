import { describe, expect, it } from 'vitest';
import { conformanceClock } from '../conformance-clock.ts';
import { describeTransportConformance } from '../conformance.ts';
import { LocalHub } from './hub.ts';

describeTransportConformance('in-process hub', async () => {
  const hub = new LocalHub({ clock: conformanceClock });
  return { connect: async (options) => hub.connect(options), dispose: () => hub.close() };
});

describe('LocalHub', () => {
  const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

  it('when a queue is full, newer messages are dropped and counted, older ones arrive in order', async () => {
    const dropped: string[] = [];
    const hub = new LocalHub({
      clock: conformanceClock,
      queueMessages: 10,
      onDropped: (subject) => dropped.push(subject),
    });
    const heard: number[] = [];
    const receiver = hub.connect();
    receiver.subscribe('x', (message) => heard.push(message.payload[0] ?? -1));
    const sender = hub.connect();
    for (let at = 0; at < 15; at++) sender.publish('x', Uint8Array.of(at));
    expect(hub.dropped).toBe(5);
    await nextTurn();
    sender.publish('x', Uint8Array.of(99));
    await nextTurn();
    expect(heard).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 99]);
    expect(dropped).toEqual(['x', 'x', 'x', 'x', 'x']);
    await hub.close();
  });

  it('when the queued bytes exceed the bound, one large message still passes through an empty queue', async () => {
    const hub = new LocalHub({ clock: conformanceClock, queueBytes: 100 });
    const sizes: number[] = [];
    const connection = hub.connect();
    connection.subscribe('x', (message) => sizes.push(message.payload.length));
    for (const size of [500, 1, 50]) connection.publish('x', new Uint8Array(size));
    await nextTurn();
    connection.publish('x', new Uint8Array(60));
    connection.publish('x', new Uint8Array(60));
    await nextTurn();
    expect(sizes).toEqual([500, 60]);
    expect(hub.dropped).toBe(3);
    await hub.close();
  });

  it('when more messages wait than fit a batch, the event loop turns in between', async () => {
    const hub = new LocalHub({ clock: conformanceClock });
    const connection = hub.connect();
    let heard = 0;
    const done = new Promise<void>((resolve) => {
      connection.subscribe('x', () => {
        if (++heard === 3_000) resolve();
      });
    });
    for (let at = 0; at < 3_000; at++) connection.publish('x', new Uint8Array());
    await nextTurn();
    expect(heard).toBe(1_024);
    await done;
    await hub.close();
  });
});
