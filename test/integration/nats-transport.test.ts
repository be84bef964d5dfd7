import { MessageChannel } from 'node:worker_threads';
import { connect as connectTcp } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { DeadlineExceededError, ExternalError, UserError } from '../../src/base/errors.ts';
import { TRANSPORT_UNCONFIRMED_BYTES } from '../../src/base/limits.ts';
import { RecordingLogger } from '../../src/testing/recording-logger.ts';
import { SeededRandom } from '../../src/testing/seeded-random.ts';
import { conformanceClock } from '../../src/transport/conformance-clock.ts';
import { describeTransportConformance } from '../../src/transport/conformance.ts';
import {
  TransportClosedError,
  TransportDisconnectedError,
  TransportOverloadedError,
} from '../../src/transport/errors.ts';
import { connectPort } from '../../src/transport/local/connect-port.ts';
import { servePort } from '../../src/transport/local/serve-port.ts';
import { connectNats } from '../../src/transport/nats/connect.ts';
import type { NatsTransport } from '../../src/transport/nats/nats-transport.ts';
import type { NatsOptions } from '../../src/transport/nats/options.ts';
import { natsServerInfo } from '../../src/transport/nats/server-info.ts';
import { NatsServer } from './nats-server.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (message: { readonly payload: Uint8Array }): string => new TextDecoder().decode(message.payload);

function options(servers: string, more: Partial<NatsOptions> = {}): NatsOptions {
  return {
    servers,
    name: 'integration test',
    role: 'control',
    clock: conformanceClock,
    random: new SeededRandom(1),
    logger: new RecordingLogger(),
    reconnect: { minDelayMs: 20, maxDelayMs: 100 },
    ...more,
  };
}

async function eventually(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(5);
}

let shared: NatsServer;
beforeAll(async () => {
  shared = await NatsServer.start();
});
afterAll(() => shared.stop());

describeTransportConformance('NATS', async () => {
  const opened: NatsTransport[] = [];
  return {
    connect: async ({ onHandlerError }) => {
      const transport = await connectNats(options(shared.url, { onHandlerError }));
      opened.push(transport);
      return transport;
    },
    dispose: async () => void (await Promise.all(opened.map((transport) => transport.close()))),
  };
});

describeTransportConformance('NATS and a bridge to it mixed', async () => {
  const opened: NatsTransport[] = [];
  return {
    connect: async ({ onHandlerError }) => {
      const transport = await connectNats(options(shared.url, { onHandlerError }));
      opened.push(transport);
      if (opened.length % 2 === 1) return transport;
      const { port1, port2 } = new MessageChannel();
      servePort(port1, transport);
      return connectPort(port2, { clock: conformanceClock, onHandlerError });
    },
    dispose: async () => void (await Promise.all(opened.map((transport) => transport.close()))),
  };
});

describe('connecting', () => {
  it('when no server listens, it fails naming the URL and the number of tries', async () => {
    const logger = new RecordingLogger();
    const attempt = connectNats(options('nats://me:secret@127.0.0.1:1', { connectTries: 3, logger }));
    await expect(attempt).rejects.toThrow(ExternalError);
    await expect(attempt).rejects.toThrow(
      /cannot reach NATS at nats:\/\/127\.0\.0\.1:1 after 3 tries: connection refused/,
    );
    expect(logger.lines.map((line) => line.fields['tried'])).toEqual([1, 2]);
    expect(JSON.stringify(logger.lines)).not.toContain('secret');
  });

  it('when one of several servers listens, it connects to that one', async () => {
    const transport = await connectNats(options(`nats://127.0.0.1:1,${shared.url}`));
    expect(transport.connected).toBe(true);
    await transport.close();
  });

  it('when the server comes up between tries, it connects', async () => {
    const server = await NatsServer.start({ jetstream: false });
    await server.kill();
    const attempt = connectNats(options(server.url, { connectTries: 1_000 }));
    await server.restart();
    const transport = await attempt;
    expect(transport.connected).toBe(true);
    await transport.close();
    await server.stop();
  });

  it('when the server asks for a token, the right one is let in and a wrong one refused at once', async () => {
    const server = await NatsServer.start({ jetstream: false, config: 'authorization { token: "s3cret" }' });
    const allowed = await connectNats(options(server.url, { credentials: { token: 's3cret' } }));
    await allowed.flush();
    const logger = new RecordingLogger();
    const refused = connectNats(options(server.url, { credentials: { token: 'wr0ng' }, logger }));
    await expect(refused).rejects.toThrow(UserError);
    await expect(refused).rejects.not.toThrow(/wr0ng|s3cret/);
    expect(logger.lines).toEqual([]);
    await allowed.close();
    await server.stop();
  });

  it('when asked, it tells version and JetStream of the server', async () => {
    const plain = await NatsServer.start({ jetstream: false });
    const [with_, without] = await Promise.all([
      connectNats(options(shared.url)),
      connectNats(options(plain.url)),
    ]);
    const info = await natsServerInfo(with_);
    expect(info.version).toMatch(/^2\.\d+\.\d+/);
    expect(info.jetstream).toBe(true);
    expect(info.maxPayload).toBe(1024 * 1024);
    expect(await natsServerInfo(without)).toMatchObject({ jetstream: false, jetstreamApiLevel: 0 });
    await Promise.all([with_.close(), without.close()]);
    await plain.stop();
  });
});

describe('foreign messages', () => {
  it('when a peer sends malformed headers, the message is reported and the subscription lives', async () => {
    const errors: string[] = [];
    const transport = await connectNats(
      options(shared.url, { onHandlerError: (_, subject) => errors.push(subject) }),
    );
    const heard: string[] = [];
    transport.subscribe('foreign', (message) => heard.push(text(message)));
    await transport.flush();
    const header = 'NATS/1.0\r\nbad name: x\r\n\r\n';
    const socket = connectTcp(shared.port, '127.0.0.1');
    socket.write('CONNECT {"headers":true,"verbose":false}\r\n');
    socket.write(`HPUB foreign ${header.length} ${header.length + 2}\r\n${header}hi\r\n`);
    socket.write('PUB foreign 5\r\nafter\r\n');
    await eventually(() => heard.includes('after'));
    expect(errors).toEqual(['foreign']);
    expect(heard).toEqual(['after']);
    socket.destroy();
    await transport.close();
  });

  it('when a message with a reply subject reaches nobody, the server answer is not taken for a reply', async () => {
    const transport = await connectNats(options(shared.url));
    const heard: string[] = [];
    transport.subscribe('answers', (message) => heard.push(text(message)));
    transport.publish('no.one', bytes('question'), { replyTo: 'answers' });
    await transport.flush();
    transport.publish('answers', bytes('real'));
    await eventually(() => heard.length > 0);
    expect(heard).toEqual(['real']);
    await transport.close();
  });
});

describe('backlog', () => {
  it('when more is published than the server has confirmed within the bound, publish refuses, then recovers', async () => {
    const transport = await connectNats(options(shared.url));
    const payload = new Uint8Array(512 * 1024);
    const flood = (): void => {
      for (let sent = 0; sent <= TRANSPORT_UNCONFIRMED_BYTES; sent += payload.length)
        transport.publish('x', payload);
    };
    expect(flood).toThrow(TransportOverloadedError);
    await transport.flush();
    await transport.flush();
    expect(() => transport.publish('x', payload)).not.toThrow();
    await transport.close();
  });
});

describe('when the server goes away', () => {
  let server: NatsServer;
  beforeEach(async () => {
    server = await NatsServer.start({ jetstream: false });
  });
  afterEach(() => server.stop());

  it('control: publish and request are refused while disconnected, and nothing refused is sent later', async () => {
    const sender = await connectNats(options(server.url));
    const receiver = await connectNats(options(server.url));
    const heard: string[] = [];
    receiver.subscribe('x', (message) => heard.push(text(message)));
    await receiver.flush();
    const accepted = { before: [] as string[], after: [] as string[] };
    for (let at = 0; at < 100; at++) {
      sender.publish('x', bytes(`before ${at}`));
      accepted.before.push(`before ${at}`);
    }
    await sender.flush();
    await eventually(() => heard.length === 100);

    await server.kill();
    await eventually(() => !sender.connected);
    let refused = 0;
    for (let round = 0; round < 20; round++) {
      for (let at = 0; at < 10; at++) {
        expect(() => sender.publish('x', bytes(`during ${round}`))).toThrow(TransportDisconnectedError);
        refused++;
      }
      await expect(sender.request('x', bytes('during'), { timeoutMs: 1_000 })).rejects.toMatchObject({
        name: 'TransportDisconnectedError',
        retryable: true,
      });
      await expect(sender.flush()).rejects.toThrow(TransportDisconnectedError);
      await sleep(10);
    }
    expect(refused).toBe(200);

    await server.restart();
    await eventually(() => sender.connected && receiver.connected);
    await receiver.flush();
    for (let at = 0; at < 100; at++) {
      sender.publish('x', bytes(`after ${at}`));
      accepted.after.push(`after ${at}`);
    }
    await sender.flush();
    await eventually(() => heard.length >= 200);
    expect(heard).toEqual([...accepted.before, ...accepted.after]);
    await Promise.all([sender.close(), receiver.close()]);
  });

  it('control: subscriptions and requests work again after a restart', async () => {
    const [client, service] = [
      await connectNats(options(server.url)),
      await connectNats(options(server.url)),
    ];
    service.subscribe('echo', (message) => service.publish(message.replyTo ?? 'none', message.payload));
    await service.flush();
    expect(text(await client.request('echo', bytes('1'), { timeoutMs: 5_000 }))).toBe('1');
    await server.restart();
    await eventually(() => client.connected && service.connected);
    await service.flush();
    expect(text(await client.request('echo', bytes('2'), { timeoutMs: 5_000 }))).toBe('2');
    await Promise.all([client.close(), service.close()]);
  });

  it('control: a request under way ends by its deadline, and close while disconnected ends cleanly', async () => {
    const transport = await connectNats(options(server.url));
    const other = await connectNats(options(server.url));
    other.subscribe('silent', () => {});
    await other.flush();
    const outcome = expect(transport.request('silent', bytes(''), { timeoutMs: 300 })).rejects.toThrow(
      DeadlineExceededError,
    );
    await transport.flush();
    await server.kill();
    await outcome;
    await Promise.all([transport.close(), other.close()]);
    expect(await transport.closed).toBeUndefined();
  });

  it('control: when the tries are used up, it closes with a reason', async () => {
    const transport = await connectNats(
      options(server.url, { reconnect: { minDelayMs: 1, maxDelayMs: 5, maxTries: 3 } }),
    );
    await server.kill();
    const reason = await transport.closed;
    expect(reason).toBeInstanceOf(TransportClosedError);
    expect(reason?.message).toContain(server.url);
  });

  it('data: it closes for good with a reason, pending requests reject, and it does not come back', async () => {
    const data = await connectNats(options(server.url, { role: 'data' }));
    const other = await connectNats(options(server.url));
    other.subscribe('silent', () => {});
    await other.flush();
    const outcome = expect(data.request('silent', bytes(''), { timeoutMs: 60_000 })).rejects.toThrow(
      TransportClosedError,
    );
    await data.flush();
    await server.kill();
    await outcome;
    expect(await data.closed).toBeInstanceOf(TransportClosedError);
    await server.restart();
    expect(() => data.publish('x', bytes(''))).toThrow(TransportClosedError);
    await Promise.all([data.close(), other.close()]);
  });

  it('data: when the server freezes, unanswered pings close the connection', async () => {
    const data = await connectNats(options(server.url, { role: 'data', pingIntervalMs: 50 }));
    server.pause();
    expect(await data.closed).toBeInstanceOf(TransportClosedError);
    server.resume();
    await data.close();
  });
});
