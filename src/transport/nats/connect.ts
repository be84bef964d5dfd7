import { AuthorizationError, type NatsConnection, UserAuthenticationExpiredError } from '@nats-io/nats-core';
import { connect } from '@nats-io/transport-node';
import { ExternalError, UserError } from '../../base/errors.ts';
import { nextDelay } from './backoff.ts';
import { NatsTransport } from './nats-transport.ts';
import { type NatsOptions, type ResolvedNatsOptions, resolveNatsOptions } from './options.ts';

/**
 * Connects to NATS.
 *
 * @throws ConfigurationError when URLs or credentials are malformed, UserError when the server refuses the credentials,
 * ExternalError, naming URLs and tries, when no server answers.
 */
export async function connectNats(options: NatsOptions): Promise<NatsTransport> {
  const resolved = resolveNatsOptions(options);
  const startedAt = resolved.clock.monotonic();
  for (let tried = 1; ; tried++) {
    try {
      return await dial(resolved);
    } catch (cause) {
      if (isRefusal(cause)) throw credentialsRefused(resolved, cause);
      if (isDistrust(cause)) throw notTrusted(resolved, cause);
      if (tried >= resolved.connectTries) throw unreachable(resolved, tried, cause);
      resolved.logger.warn('NATS does not answer, trying again', {
        servers: resolved.urls,
        tried,
        of: resolved.connectTries,
        reason: reasonOf(cause),
      });
      const elapsed = resolved.clock.monotonic() - startedAt;
      await pause(resolved, nextDelay(elapsed, resolved.minDelayMs, resolved.maxDelayMs, resolved.random));
    }
  }
}

async function dial(options: ResolvedNatsOptions): Promise<NatsTransport> {
  const { clock, random, minDelayMs, maxDelayMs } = options;
  const outage = { since: undefined as number | undefined };
  const connection: NatsConnection = await connect({
    ...options.client,
    reconnectDelayHandler: () => {
      outage.since ??= clock.monotonic();
      return nextDelay(clock.monotonic() - outage.since, minDelayMs, maxDelayMs, random);
    },
  });
  outage.since = undefined;
  return new NatsTransport(connection, options, () => {
    outage.since = undefined;
  });
}

function pause(options: ResolvedNatsOptions, ms: number): Promise<void> {
  return new Promise((resolve) => {
    options.clock.setTimeout(resolve, ms, 'NATS dial');
  });
}

function isRefusal(error: unknown): boolean {
  return error instanceof AuthorizationError || error instanceof UserAuthenticationExpiredError;
}

/** What Node calls certificates that it does not accept: trying again changes nothing. */
const DISTRUST = /^(ERR_TLS_CERT|CERT_|UNABLE_TO_(GET|VERIFY)_|SELF_SIGNED_CERT|DEPTH_ZERO_)/;

function isDistrust(error: unknown): boolean {
  for (let at: unknown = error; at instanceof Error; at = at.cause)
    if (DISTRUST.test((at as NodeJS.ErrnoException).code ?? '')) return true;
  return false;
}

function notTrusted(options: ResolvedNatsOptions, cause: unknown): UserError {
  return new UserError(
    `the certificate of NATS at ${options.urls.join(', ')} is not accepted: ${reasonOf(cause)}; check nats.tls.ca-file (--tlsca) and the names in the certificate`,
    { cause },
  );
}

function credentialsRefused(options: ResolvedNatsOptions, cause: unknown): UserError {
  return new UserError(
    `NATS at ${options.urls.join(', ')} refused the credentials; check user, token or creds file`,
    {
      cause,
    },
  );
}

function unreachable(options: ResolvedNatsOptions, tries: number, cause: unknown): ExternalError {
  return new ExternalError(
    `cannot reach NATS at ${options.urls.join(', ')} after ${tries} ${tries === 1 ? 'try' : 'tries'}: ` +
      `${reasonOf(cause)}; is the server running, and is the URL right?`,
    { cause },
  );
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
