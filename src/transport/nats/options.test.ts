import { describe, expect, it } from 'vitest';
import { ConfigurationError } from '../../base/errors.ts';
import { RecordingLogger } from '../../testing/recording-logger.ts';
import { SeededRandom } from '../../testing/seeded-random.ts';
import { SimulatedClock } from '../../testing/simulated-clock.ts';
import { nextDelay } from './backoff.ts';
import { type NatsOptions, resolveNatsOptions } from './options.ts';

const options = (more: Partial<NatsOptions>): NatsOptions => ({
  servers: 'nats://127.0.0.1:4222',
  name: 'test',
  role: 'control',
  clock: new SimulatedClock(),
  random: new SeededRandom(1),
  logger: new RecordingLogger(),
  ...more,
});

describe('resolveNatsOptions', () => {
  it.each([
    ['127.0.0.1', 'nats://127.0.0.1:4222', '127.0.0.1:4222'],
    ['nats://host:4333', 'nats://host:4333', 'host:4333'],
    ['nats://host:4333/', 'nats://host:4333', 'host:4333'],
    ['tls://host', 'tls://host:4222', 'host:4222'],
    ['nats://[::1]:4222', 'nats://[::1]:4222', '[::1]:4222'],
  ])('when the server is %s, it is shown as %s', (servers, url, address) => {
    const resolved = resolveNatsOptions(options({ servers }));
    expect(resolved.urls).toEqual([url]);
    expect(resolved.client.servers).toEqual([address]);
  });

  it('when several servers are given, with commas or as a list, all are used', () => {
    const expected = ['nats://a:4222', 'nats://b:5'];
    expect(resolveNatsOptions(options({ servers: 'nats://a, nats://b:5' })).urls).toEqual(expected);
    expect(resolveNatsOptions(options({ servers: ['a', 'b:5'] })).urls).toEqual(expected);
  });

  it('when the URL carries credentials, they are used and not shown', () => {
    const user = resolveNatsOptions(options({ servers: 'nats://me:p%40ss@host' }));
    expect(user.client).toMatchObject({ user: 'me', pass: 'p@ss' });
    expect(user.urls).toEqual(['nats://host:4222']);
    expect(resolveNatsOptions(options({ servers: 'nats://tok@host' })).client).toMatchObject({
      token: 'tok',
    });
    const given = resolveNatsOptions(
      options({ servers: 'nats://tok@host', credentials: { token: 'other' } }),
    );
    expect(given.client).toMatchObject({ token: 'other' });
  });

  it.each([
    '',
    'http://host',
    'nats://',
    'nats://host:99999',
    'nats://secret:word@host/path',
    'redis://secret@host',
  ])('when the server is %j, it is refused without showing secrets', (servers) => {
    const attempt = (): unknown => resolveNatsOptions(options({ servers }));
    expect(attempt).toThrow(ConfigurationError);
    expect(attempt).not.toThrow(/secret|word/);
  });

  it('when the credentials file is missing, the error names it', () => {
    const attempt = (): unknown =>
      resolveNatsOptions(options({ credentials: { credsFile: '/nowhere/x.creds' } }));
    expect(attempt).toThrow(/\/nowhere\/x\.creds/);
  });

  it('when the role is data, it never reconnects and notices a dead server in seconds', () => {
    expect(resolveNatsOptions(options({ role: 'data' })).client).toMatchObject({
      reconnect: false,
      pingInterval: 5_000,
      maxPingOut: 2,
    });
    expect(resolveNatsOptions(options({})).client).toMatchObject({
      reconnect: true,
      maxReconnectAttempts: -1,
    });
  });
});

describe('nextDelay', () => {
  it('when an outage lasts, pauses grow within the bounds and their jitter', () => {
    const random = new SeededRandom(2);
    for (const [elapsed, base] of [
      [0, 100],
      [1_000, 500],
      [60_000, 5_000],
    ] as const) {
      for (let at = 0; at < 100; at++) {
        const delay = nextDelay(elapsed, 100, 5_000, random);
        expect(delay).toBeGreaterThanOrEqual(base * 0.75);
        expect(delay).toBeLessThanOrEqual(base * 1.25);
      }
    }
  });
});
