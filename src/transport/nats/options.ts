import { readFileSync } from 'node:fs';
import type { ConnectionOptions, TlsOptions } from '@nats-io/nats-core';
import { credsAuthenticator, nkeyAuthenticator } from '@nats-io/nats-core';
import { ConfigurationError } from '../../base/errors.ts';
import {
  NATS_CONNECT_TIMEOUT_MS,
  NATS_CONNECT_TRIES,
  NATS_PINGS_UNANSWERED,
  NATS_PING_INTERVAL_MS,
  NATS_RECONNECT_MAX_MS,
  NATS_RECONNECT_MIN_MS,
} from '../../base/limits.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Logger } from '../../ports/logger.ts';
import type { Random } from '../../ports/random.ts';
import type { HandlerErrorListener } from '../../ports/transport.ts';

/**
 * What a connection is for:
 * - `control`: reconnects with backoff; actors bridge the gap by deadlines and retries;
 * - `data`: never reconnects, since a client that redials loses what it had buffered; its end fails the attempt.
 */
export type ConnectionRole = 'control' | 'data';

/** Whom to reach and how: all that the NATS client itself needs. */
export interface NatsConnectionOptions {
  /** `nats://host:port`, `tls://host:port` or `host:port`, several separated by commas or as a list; may carry `user:password@`. */
  readonly servers: string | readonly string[];
  /** Shown by the server's monitoring. */
  readonly name: string;
  readonly role: ConnectionRole;
  readonly credentials?: NatsCredentials;
  readonly tls?: TlsOptions;
  /** Own inbox prefix, for servers whose permissions keep clients' replies apart. Default `_INBOX`. */
  readonly inboxPrefix?: string;
  readonly connectTimeoutMs?: number;
  readonly pingIntervalMs?: number;
  readonly reconnect?: {
    readonly minDelayMs?: number;
    readonly maxDelayMs?: number;
    /** Tries per server after a lost connection; -1, the default, means for ever. */
    readonly maxTries?: number;
  };
}

export interface NatsOptions extends NatsConnectionOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly onHandlerError?: HandlerErrorListener;
  /** Rounds over all servers at start before giving up. */
  readonly connectTries?: number;
}

export type NatsCredentials =
  | { readonly token: string }
  | { readonly user: string; readonly password: string }
  | { readonly credsFile: string }
  | { readonly nkeyFile: string };

/** Options of the NATS client, and what to call the servers. */
export interface ResolvedConnection {
  /** URLs without credentials, fit for messages. */
  readonly urls: readonly string[];
  readonly client: ConnectionOptions;
}

/** Options with every default filled in and the URLs parsed. */
export interface ResolvedNatsOptions extends NatsOptions, ResolvedConnection {
  readonly connectTries: number;
  readonly minDelayMs: number;
  readonly maxDelayMs: number;
}

const SCHEMES = ['nats:', 'tls:'];

/** @throws ConfigurationError for URLs and credential files that cannot be used. */
export function resolveNatsOptions(options: NatsOptions): ResolvedNatsOptions {
  return {
    ...options,
    ...resolveConnection(options),
    connectTries: options.connectTries ?? NATS_CONNECT_TRIES,
    minDelayMs: options.reconnect?.minDelayMs ?? NATS_RECONNECT_MIN_MS,
    maxDelayMs: options.reconnect?.maxDelayMs ?? NATS_RECONNECT_MAX_MS,
  };
}

/** @throws ConfigurationError for URLs and credential files that cannot be used. */
export function resolveConnection(options: NatsConnectionOptions): ResolvedConnection {
  const listed = typeof options.servers === 'string' ? options.servers.split(',') : options.servers;
  const parsed = listed.map((server) => parseServer(server.trim()));
  if (parsed.length === 0)
    throw new ConfigurationError('no NATS server is given: pass a URL such as nats://127.0.0.1:4222');
  const fromUrl = parsed.find((server) => server.credentials !== undefined)?.credentials;
  const wantsTls = parsed.some((server) => server.tls);
  const tls = options.tls ?? (wantsTls ? {} : undefined);
  return {
    urls: parsed.map((server) => server.url),
    client: {
      servers: parsed.map((server) => server.address),
      name: options.name,
      timeout: options.connectTimeoutMs ?? NATS_CONNECT_TIMEOUT_MS,
      pingInterval: options.pingIntervalMs ?? NATS_PING_INTERVAL_MS,
      maxPingOut: NATS_PINGS_UNANSWERED,
      noAsyncTraces: true,
      ...reconnection(options),
      ...authentication(options.credentials ?? fromUrl),
      ...(tls === undefined ? {} : { tls }),
      ...(options.inboxPrefix === undefined ? {} : { inboxPrefix: options.inboxPrefix }),
    },
  };
}

function reconnection(
  options: NatsConnectionOptions,
): Pick<ConnectionOptions, 'reconnect' | 'maxReconnectAttempts'> {
  switch (options.role) {
    case 'control':
      return { reconnect: true, maxReconnectAttempts: options.reconnect?.maxTries ?? -1 };
    case 'data':
      return { reconnect: false };
  }
}

interface ParsedServer {
  readonly address: string;
  readonly url: string;
  readonly tls: boolean;
  readonly credentials: NatsCredentials | undefined;
}

function parseServer(text: string): ParsedServer {
  const withScheme = text.includes('://') ? text : `nats://${text}`;
  const url = URL.parse(withScheme);
  if (
    url === null ||
    url.hostname === '' ||
    !SCHEMES.includes(url.protocol) ||
    !['', '/'].includes(url.pathname)
  ) {
    const shown = text.replace(/\/\/[^@/]*@/, '//');
    throw new ConfigurationError(
      `'${shown}' is not a NATS URL: expected nats://host:port or tls://host:port`,
    );
  }
  const port = url.port === '' ? '4222' : url.port;
  return {
    address: `${url.hostname}:${port}`,
    url: `${url.protocol}//${url.hostname}:${port}`,
    tls: url.protocol === 'tls:',
    credentials: credentialsOf(url),
  };
}

function credentialsOf(url: URL): NatsCredentials | undefined {
  if (url.username === '') return undefined;
  const user = decodeURIComponent(url.username);
  return url.password === '' ? { token: user } : { user, password: decodeURIComponent(url.password) };
}

function authentication(credentials: NatsCredentials | undefined): ConnectionOptions {
  if (credentials === undefined) return {};
  if ('token' in credentials) return { token: credentials.token };
  if ('user' in credentials) return { user: credentials.user, pass: credentials.password };
  if ('credsFile' in credentials)
    return { authenticator: credsAuthenticator(readSecretFile(credentials.credsFile, 'credentials')) };
  return { authenticator: nkeyAuthenticator(nkeySeed(credentials.nkeyFile)) };
}

function readSecretFile(path: string, what: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (cause) {
    throw new ConfigurationError(`the NATS ${what} file ${path} cannot be read`, { cause });
  }
}

/** The line of a seed; files may have comments, and the dashes of a .creds file. */
function nkeySeed(path: string): Uint8Array {
  const text = new TextDecoder().decode(readSecretFile(path, 'nkey'));
  const seed = /^\s*(SU[A-Z2-7]{56})\s*$/m.exec(text)?.[1];
  if (seed === undefined)
    throw new ConfigurationError(
      `the NATS nkey file ${path} has no seed of a user: a line of 58 letters that begins with SU`,
    );
  return new TextEncoder().encode(seed);
}
