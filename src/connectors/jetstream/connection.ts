import type { TlsOptions } from '@nats-io/nats-core';
import { connect } from '@nats-io/transport-node';
import type { NatsConnection } from '@nats-io/nats-core';
import { ExternalError } from '../../base/errors.ts';
import { JETSTREAM_RECONNECT_TRIES } from '../../base/limits.ts';
import { resolveConnection } from '../../transport/nats/options.ts';
import type { NatsCredentials, ResolvedConnection } from '../../transport/nats/options.ts';

/** Which NATS server, and who one is there. */
export interface JetStreamConnectionOptions {
  /** `nats://host:port` or `tls://host:port`, several separated by commas or as a list; may carry `user:password@`. */
  readonly servers: string | readonly string[];
  readonly credentials?: NatsCredentials;
  readonly tls?: TlsOptions;
}

/** Checked options; made while the job is built, so that a wrong URL is refused at once. @throws ConfigurationError */
export function resolveServers(options: JetStreamConnectionOptions, name: string): ResolvedConnection {
  const { servers, credentials, tls } = options;
  return resolveConnection({
    servers,
    name,
    role: 'control',
    reconnect: { maxTries: JETSTREAM_RECONNECT_TRIES },
    ...(credentials === undefined ? {} : { credentials }),
    ...(tls === undefined ? {} : { tls }),
  });
}

/** @throws ExternalError naming the URLs when no server lets us in */
export async function connectTo(servers: ResolvedConnection): Promise<NatsConnection> {
  try {
    return await connect(servers.client);
  } catch (error) {
    throw jetStreamError('reach NATS', servers, error);
  }
}

/** An error of the NATS client as one that names the act and the servers. */
export function jetStreamError(act: string, servers: ResolvedConnection, error: unknown): ExternalError {
  const reason = error instanceof Error ? error.message || error.name : String(error);
  return new ExternalError(`cannot ${act} at ${servers.urls.join(', ')}: ${reason}`, { cause: error });
}
