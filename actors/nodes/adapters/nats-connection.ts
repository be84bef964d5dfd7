import type { NatsCredentials, NatsOptions } from '../../../src/transport/nats/options.ts';

/** How to reach NATS, as plain data: it is handed to slot threads. */
export interface NatsConnectionSpec {
  readonly servers: string;
  readonly credentials?: NatsCredentials;
  /** Rounds over all servers before giving up at start. */
  readonly connectTries?: number;
}

/** Options of one connection. */
export function natsOptions(
  spec: NatsConnectionSpec,
  own: Pick<NatsOptions, 'name' | 'role' | 'clock' | 'random' | 'logger'>,
): NatsOptions {
  return {
    servers: spec.servers,
    ...(spec.credentials === undefined ? {} : { credentials: spec.credentials }),
    ...(spec.connectTries === undefined ? {} : { connectTries: spec.connectTries }),
    ...own,
  };
}
