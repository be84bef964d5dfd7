import type { Secret } from '../../../src/base/secret.ts';
import { ConfigurationError } from '../../../src/base/errors.ts';
import type { Configuration } from '../../../src/config/configuration.ts';
import { OPTIONS } from '../../../src/config/options.ts';
import type { NatsCredentials, NatsOptions } from '../../../src/transport/nats/options.ts';

/** How to reach NATS, as plain data: it is handed to slot threads. */
export interface NatsConnectionSpec {
  readonly servers: string;
  readonly credentials?: NatsCredentials;
  /** PEM files; given, the connection is made by TLS. */
  readonly tls?: NatsTlsFiles;
  readonly inboxPrefix?: string;
  /** Rounds over all servers before giving up at start. */
  readonly connectTries?: number;
}

export interface NatsTlsFiles {
  readonly caFile?: string;
  readonly certFile?: string;
  readonly keyFile?: string;
}

/**
 * Servers with what the configuration says of credentials and TLS (`nats.*`).
 * @throws ConfigurationError where two kinds of credentials are given, or half of one
 */
export function natsSpec(servers: string, configuration: Configuration): NatsConnectionSpec {
  const tls = optional({
    caFile: configuration.get(OPTIONS.natsCaFile),
    certFile: configuration.get(OPTIONS.natsCertFile),
    keyFile: configuration.get(OPTIONS.natsKeyFile),
  });
  if ((tls.certFile === undefined) !== (tls.keyFile === undefined))
    throw new ConfigurationError(
      `${OPTIONS.natsCertFile.key} and ${OPTIONS.natsKeyFile.key} belong together: one of them is missing`,
    );
  return {
    servers,
    ...optional({
      credentials: credentialsOf(configuration),
      tls: Object.keys(tls).length === 0 ? undefined : tls,
      inboxPrefix: configuration.get(OPTIONS.natsInboxPrefix),
    }),
  };
}

function credentialsOf(configuration: Configuration): NatsCredentials | undefined {
  const user = configuration.get(OPTIONS.natsUser);
  const given = [
    kind(OPTIONS.natsCredentialsFile.key, configuration.get(OPTIONS.natsCredentialsFile), (credsFile) => ({
      credsFile,
    })),
    kind(OPTIONS.natsNkeyFile.key, configuration.get(OPTIONS.natsNkeyFile), (nkeyFile) => ({ nkeyFile })),
    kind(OPTIONS.natsToken.key, reveal(configuration.get(OPTIONS.natsToken)), (token) => ({ token })),
    kind(OPTIONS.natsUser.key, user, (name) => ({
      user: name,
      password: reveal(configuration.get(OPTIONS.natsPassword)) ?? '',
    })),
  ].filter((one) => one !== undefined);
  if (given.length > 1)
    throw new ConfigurationError(
      `${given.map(({ key }) => key).join(' and ')} are different ways to be known to NATS: leave all but one out`,
    );
  if (user === undefined && configuration.has(OPTIONS.natsPassword))
    throw new ConfigurationError(`${OPTIONS.natsPassword.key} needs ${OPTIONS.natsUser.key}`);
  return given[0]?.credentials;
}

function kind(
  key: string,
  value: string | undefined,
  credentials: (value: string) => NatsCredentials,
): { readonly key: string; readonly credentials: NatsCredentials } | undefined {
  return value === undefined ? undefined : { key, credentials: credentials(value) };
}

function reveal(secret: Secret | undefined): string | undefined {
  return secret?.reveal();
}

/** Without the members that are undefined. */
function optional<T extends Record<string, unknown>>(
  members: T,
): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}

/** Options of one connection. */
export function natsOptions(
  spec: NatsConnectionSpec,
  own: Pick<NatsOptions, 'name' | 'role' | 'clock' | 'random' | 'logger'>,
): NatsOptions {
  return { ...spec, ...own };
}
