import { MessageChannel, Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { DeadlineExceededError, ExternalError } from '../../base/errors.ts';
import { BRIDGE_UNCONFIRMED_MESSAGES } from '../../base/limits.ts';
import type { HandlerErrorListener, Transport } from '../../ports/transport.ts';
import { conformanceClock } from '../conformance-clock.ts';
import { describeTransportConformance } from '../conformance.ts';
import { NoRespondersError, TransportClosedError, TransportOverloadedError } from '../errors.ts';
import { connectPort } from './connect-port.ts';
import { LocalHub } from './hub.ts';
import { servePort, type PortService } from './serve-port.ts';

const clock = conformanceClock;
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (message: { readonly payload: Uint8Array }): string => new TextDecoder().decode(message.payload);

function bridged(
  host: Transport,
  onHandlerError?: HandlerErrorListener,
): { guest: Transport; service: PortService } {
  const { port1, port2 } = new MessageChannel();
  const service = servePort(port1, host);
  return {
    service,
    guest: connectPort(port2, { clock, ...(onHandlerError === undefined ? {} : { onHandlerError }) }),
  };
}

describeTransportConformance('bridge between threads over the hub', async () => {
  const hub = new LocalHub({ clock });
  const host = hub.connect();
  return {
    connect: async ({ onHandlerError }) => bridged(host, onHandlerError).guest,
    dispose: () => hub.close(),
  };
});

describeTransportConformance('hub and bridge mixed', async () => {
  const hub = new LocalHub({ clock });
  let made = 0;
  return {
    connect: async ({ onHandlerError }) =>
      made++ % 2 === 0 ? hub.connect({ onHandlerError }) : bridged(hub.connect(), onHandlerError).guest,
    dispose: () => hub.close(),
  };
});

describeTransportConformance('bridge behind a bridge', async () => {
  const hub = new LocalHub({ clock });
  return {
    connect: async ({ onHandlerError }) => bridged(bridged(hub.connect()).guest, onHandlerError).guest,
    dispose: () => hub.close(),
  };
});

describe('bridge ends', () => {
  it('when the host transport closes, the guest closes too', async () => {
    const hub = new LocalHub({ clock });
    const { guest, service } = bridged(hub.connect());
    await guest.flush();
    await hub.close();
    expect(await guest.closed).toBeUndefined();
    await service.closed;
    expect(() => guest.publish('x', bytes(''))).toThrow(TransportClosedError);
  });

  it('when the host ends the service, the guest closes with a reason and its requests reject', async () => {
    const hub = new LocalHub({ clock });
    const other = hub.connect();
    other.subscribe('silent', () => {});
    const { guest, service } = bridged(hub.connect());
    const outcome = expect(guest.request('silent', bytes(''), { timeoutMs: 60_000 })).rejects.toThrow(
      TransportClosedError,
    );
    await guest.flush();
    service.close();
    await outcome;
    expect(await guest.closed).toBeInstanceOf(TransportClosedError);
    await hub.close();
  });

  it('when the guest closes, its subscriptions leave the hub', async () => {
    const hub = new LocalHub({ clock });
    const { guest, service } = bridged(hub.connect());
    guest.subscribe('x', () => {});
    await guest.flush();
    await guest.close();
    await service.closed;
    await expect(hub.connect().request('x', bytes(''), { timeoutMs: 1_000 })).rejects.toThrow(
      NoRespondersError,
    );
    await hub.close();
  });

  it('when the host transport refuses a message, the host is told', async () => {
    const hub = new LocalHub({ clock });
    const refusing: Transport = {
      ...hub.connect(),
      maxPayload: 100,
      closed: new Promise(() => {}),
      publish: () => {
        throw new ExternalError('away');
      },
      flush: async () => {},
    };
    const { port1, port2 } = new MessageChannel();
    const refused: string[] = [];
    const service = servePort(port1, refusing, {
      onRefused: (error, subject) => refused.push(`${subject} ${String(error)}`),
    });
    const guest = connectPort(port2, { clock });
    guest.publish('x', bytes(''));
    await guest.flush();
    expect(refused).toEqual(['x ExternalError: away']);
    service.close();
  });

  it('when the guest publishes faster than the host takes it, publish refuses at the bound and recovers', async () => {
    const hub = new LocalHub({ clock });
    const { guest } = bridged(hub.connect());
    await guest.flush();
    const flood = (): void => {
      for (let at = 0; at <= BRIDGE_UNCONFIRMED_MESSAGES; at++) guest.publish('x', new Uint8Array(1));
    };
    expect(flood).toThrow(TransportOverloadedError);
    await guest.flush();
    expect(() => guest.publish('x', new Uint8Array(1))).not.toThrow();
    await hub.close();
  });
});

describe('bridge to a real worker thread', () => {
  async function startWorker(hub: LocalHub): Promise<{ worker: Worker; service: PortService }> {
    const { port1, port2 } = new MessageChannel();
    const host = hub.connect();
    const ready = new Promise<void>((resolve) => void host.subscribe('ready', () => resolve()));
    const service = servePort(port1, host);
    const worker = new Worker(new URL('./bridge-fixture.worker.ts', import.meta.url), {
      workerData: { port: port2 },
      transferList: [port2],
    });
    worker.on('error', () => {});
    await ready;
    return { worker, service };
  }

  it('when the thread answers requests, large payloads and headers survive the way', async () => {
    const hub = new LocalHub({ clock });
    const { worker } = await startWorker(hub);
    const client = hub.connect();
    const payload = new Uint8Array(500_000).map((_, at) => at % 250);
    const reply = await client.request('echo', payload, { timeoutMs: 10_000, headers: { traceparent: 'x' } });
    expect(Buffer.compare(reply.payload, payload)).toBe(0);
    expect(reply.headers['traceparent']).toBe('x');
    for (let at = 0; at < 5_000; at++) client.publish('count', new Uint8Array(8));
    expect(text(await client.request('counted', bytes(''), { timeoutMs: 10_000 }))).toBe('5000');
    await worker.terminate();
    await hub.close();
  });

  it('when the thread is blocked, the backlog is bounded and what exceeds it is dropped and counted', async () => {
    const hub = new LocalHub({ clock, queueMessages: 1_000_000 });
    const { worker, service } = await startWorker(hub);
    const client = hub.connect();
    client.publish('block', bytes('300'));
    const sent = BRIDGE_UNCONFIRMED_MESSAGES + 500;
    for (let at = 0; at < sent; at++) client.publish('count', new Uint8Array(1));
    await expect(client.request('counted', bytes(''), { timeoutMs: 50 })).rejects.toThrow(
      DeadlineExceededError,
    );
    let counted = -1;
    while (counted < 0) {
      const asked = client.request('counted', bytes(''), { timeoutMs: 1_000 });
      counted = await asked.then(
        (reply) => Number(text(reply)),
        () => -1,
      );
    }
    expect(service.dropped).toBeGreaterThan(0);
    expect(counted).toBeLessThanOrEqual(BRIDGE_UNCONFIRMED_MESSAGES);
    expect(counted + service.dropped).toBeGreaterThanOrEqual(sent);
    await worker.terminate();
    await hub.close();
  });

  it('when the thread dies, its subscriptions leave the hub', async () => {
    const hub = new LocalHub({ clock });
    const { service } = await startWorker(hub);
    const client = hub.connect();
    client.publish('die', bytes(''));
    await service.closed;
    await expect(client.request('echo', bytes(''), { timeoutMs: 5_000 })).rejects.toThrow(NoRespondersError);
    await hub.close();
  });
});
