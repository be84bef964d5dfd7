import { describe, expect, it } from 'vitest';
import { Configuration } from '../../../src/config/configuration.ts';
import { natsSpec } from './nats-connection.ts';

const spec = (entries: Record<string, string>) =>
  natsSpec('nats://a:4222', Configuration.of(Object.entries(entries)));

describe('natsSpec', () => {
  it.each([
    [{}, undefined],
    [
      { 'nats.user': 'u', 'nats.password': 'p' },
      { user: 'u', password: 'p' },
    ],
    [{ 'nats.token': 't' }, { token: 't' }],
    [{ 'nats.credentials-file': '/c' }, { credsFile: '/c' }],
    [{ 'nats.nkey-file': '/n' }, { nkeyFile: '/n' }],
  ])('when configured with %j, then the credentials are %j', (entries, credentials) => {
    expect(spec(entries as Record<string, string>).credentials).toEqual(credentials);
  });

  it('when files for TLS and an inbox prefix are given, then they are part of it', () => {
    const tls = { 'nats.tls.ca-file': '/ca', 'nats.tls.cert-file': '/cert', 'nats.tls.key-file': '/key' };
    expect(spec({ ...tls, 'nats.inbox-prefix': '_INBOX_tm' })).toEqual({
      servers: 'nats://a:4222',
      tls: { caFile: '/ca', certFile: '/cert', keyFile: '/key' },
      inboxPrefix: '_INBOX_tm',
    });
  });

  it.each([
    [{ 'nats.user': 'u', 'nats.token': 't' }, /nats\.token and nats\.user are different ways/],
    [{ 'nats.password': 'p' }, /nats\.password needs nats\.user/],
    [{ 'nats.tls.key-file': '/key' }, /belong together/],
  ])('when %j, then it is refused', (entries, message) => {
    expect(() => spec(entries as unknown as Record<string, string>)).toThrow(message);
  });
});
