import { readFileSync } from 'node:fs';
import type { ServerOptions } from 'node:https';
import { isIP } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { ConfigurationError, ExternalError } from '../../../src/base/errors.ts';
import type { Configuration } from '../../../src/config/configuration.ts';
import { OPTIONS } from '../../../src/config/options.ts';
import type { ConfigOption } from '../../../src/config/option.ts';
import type { Logger } from '../../../src/ports/logger.ts';

/** Where the REST API listens, and how. */
export interface Binding {
  readonly address: string;
  readonly isLoopback: boolean;
  /** Clients must show a certificate. */
  readonly mutualTls: boolean;
  readonly tls: ServerOptions | undefined;
}

/** @throws ConfigurationError for TLS without its files, or an address that is open to strangers */
export function bindingOf(configuration: Configuration): Binding {
  const address = configuration.get(OPTIONS.restBindAddress);
  const isLoopback = ['localhost', '::1'].includes(address) || /^127\.\d+\.\d+\.\d+$/.test(address);
  const tls = tlsOf(configuration);
  const mutualTls = tls?.requestCert === true;
  const hasTokens = TOKENS.some((option) => configuration.has(option));
  if (!isLoopback && !mutualTls && !hasTokens && !configuration.get(OPTIONS.restAnonymous))
    throw new ConfigurationError(
      `${OPTIONS.restBindAddress.key}: everybody who reaches ${address} could submit code: set tokens (${OPTIONS.restSubmitToken.key}...), ` +
        `or ${OPTIONS.restSslAuthentication.key}, or say ${OPTIONS.restAnonymous.key}: true`,
    );
  return { address, isLoopback, mutualTls, tls };
}

export const TOKENS = [OPTIONS.restReadToken, OPTIONS.restOperateToken, OPTIONS.restSubmitToken];

function tlsOf(configuration: Configuration): ServerOptions | undefined {
  if (!configuration.get(OPTIONS.restSsl)) return undefined;
  const authentication = configuration.get(OPTIONS.restSslAuthentication);
  return {
    cert: pem(configuration, OPTIONS.restCertFile),
    key: pem(configuration, OPTIONS.restKeyFile),
    minVersion: 'TLSv1.2',
    ...(authentication
      ? { ca: pem(configuration, OPTIONS.restCaFile), requestCert: true, rejectUnauthorized: true }
      : {}),
  };
}

function pem(configuration: Configuration, option: ConfigOption<string | undefined>): Buffer {
  const path = configuration.get(option);
  if (path === undefined) throw new ConfigurationError(`${OPTIONS.restSsl.key} needs ${option.key}`);
  try {
    return readFileSync(path);
  } catch (cause) {
    throw new ConfigurationError(`${option.key}: ${path} cannot be read`, { cause });
  }
}

/**
 * Listens on the first port that is free.
 * @returns the URL for clients
 */
export async function listenOn(
  server: FastifyInstance,
  binding: Binding,
  configuration: Configuration,
  logger: Logger,
): Promise<string> {
  const host = binding.address;
  const wanted = portsOf(configuration);
  for (const port of wanted) {
    try {
      await server.listen({ host, port });
      return urlOf(server, binding, configuration);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE')
        throw new ExternalError(`the REST API cannot listen on ${host}:${port}`, { cause: error });
      logger.info('port of the REST API is taken', { host, port });
    }
  }
  throw new ConfigurationError(
    `the REST API finds no free port among ${wanted.join(', ')}: set ${OPTIONS.restBindPort.key} or ${OPTIONS.restPort.key}`,
  );
}

function portsOf(configuration: Configuration): readonly number[] {
  const ranges = configuration.get(OPTIONS.restBindPort);
  if (ranges !== undefined) return parsePorts(ranges);
  const port = configuration.get(OPTIONS.restPort);
  // Several clusters on one machine is no mistake; a port that somebody chose is.
  return configuration.has(OPTIONS.restPort) || port === 0 ? [port] : [port, 0];
}

/** `8081,8090-8099`. @throws ConfigurationError */
export function parsePorts(text: string): readonly number[] {
  return text.split(',').flatMap((part) => {
    const match = /^\s*(\d{1,5})(?:\s*-\s*(\d{1,5}))?\s*$/.exec(part);
    const from = Number(match?.[1]);
    const to = match?.[2] === undefined ? from : Number(match[2]);
    if (match === null || from > to || to > 65_535)
      throw new ConfigurationError(
        `${OPTIONS.restBindPort.key}: "${text}" is not a list of ports; write for example 8081,8090-8099`,
      );
    return Array.from({ length: to - from + 1 }, (_, i) => from + i);
  });
}

function urlOf(server: FastifyInstance, binding: Binding, configuration: Configuration): string {
  const bound = server.server.address();
  const port = typeof bound === 'object' && bound !== null ? bound.port : 0;
  const host = configuration.get(OPTIONS.restAddress) ?? binding.address;
  return `${binding.tls === undefined ? 'http' : 'https'}://${isIP(host) === 6 ? `[${host}]` : host}:${port}`;
}
