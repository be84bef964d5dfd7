import Fastify from 'fastify';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { REST_BODY_BYTES, REST_IDLE_MS, REST_REQUEST_MS } from '../../../src/base/limits.ts';
import type { Configuration } from '../../../src/config/configuration.ts';
import type { Logger } from '../../../src/ports/logger.ts';
import { RestError } from '../../../src/rest/errors.ts';
import { Access } from './access.ts';
import { answerError, answerNoHttp } from './error-answers.ts';
import { bindingOf, listenOn } from './listen.ts';
import type { RestServer } from './rest-server.ts';

export interface StandbyServerOptions {
  readonly configuration: Configuration;
  readonly logger: Logger;
  /** Where the REST API of the one that leads is; undefined while nobody is known to. */
  leader(): Promise<string | undefined>;
}

/**
 * Serves the REST port of a JobManager that stands by: whatever is asked, the leader is to be asked (307, which keeps method and body);
 * 503 while there is none.
 */
export async function startStandbyServer(options: StandbyServerOptions): Promise<RestServer> {
  const { configuration, logger } = options;
  const binding = bindingOf(configuration);
  const access = new Access(configuration, binding, logger);
  const common = {
    logger: false,
    clientErrorHandler: answerNoHttp,
    bodyLimit: REST_BODY_BYTES,
    requestTimeout: REST_REQUEST_MS,
    connectionTimeout: REST_IDLE_MS,
    keepAliveTimeout: REST_IDLE_MS,
    forceCloseConnections: true,
  } as const;
  const server =
    binding.tls === undefined
      ? Fastify(common)
      : (Fastify({ ...common, https: binding.tls }) as unknown as FastifyInstance);
  // Bodies are the leader's to read.
  server.addHook('onRequest', async (request, reply) => {
    access.checkOrigin(request);
    return redirect(request, reply, await options.leader());
  });
  server.setErrorHandler((error, request, reply) => answerError(logger, error, request, reply));
  const url = await listenOn(server, binding, configuration, logger);
  return { url, stop: () => server.close() };
}

function redirect(request: FastifyRequest, reply: FastifyReply, leader: string | undefined): FastifyReply {
  if (leader === undefined)
    throw new RestError(
      503,
      'Service temporarily unavailable due to an ongoing leader election. Please refresh.',
    );
  // A path that begins with "//" would name another host.
  const path = request.url.replace(/^\/+/, '/');
  return reply.code(307).header('location', `${leader}${path}`).send();
}
