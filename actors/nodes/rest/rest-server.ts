import multipart from '@fastify/multipart';
import Fastify from 'fastify';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import {
  REST_BODY_BYTES,
  REST_IDLE_MS,
  REST_PATH_PARAMETER_CHARS,
  REST_REQUEST_MS,
} from '../../../src/base/limits.ts';
import { OPTIONS } from '../../../src/config/options.ts';
import type { Logger } from '../../../src/ports/logger.ts';
import type { RestGateway } from '../../../src/rest/gateway.ts';
import { TextAnswer } from '../../../src/rest/route.ts';
import type { Route } from '../../../src/rest/route.ts';
import { Access } from './access.ts';
import { answerError, answerNoHttp, answerUnknown } from './error-answers.ts';
import { bindingOf, listenOn } from './listen.ts';
import type { Binding } from './listen.ts';
import { readBody, readUploads } from './request-body.ts';

export interface RestServerOptions {
  readonly routes: readonly Route[];
  readonly gateway: RestGateway;
  readonly logger: Logger;
  /** Where uploads are put while their request is handled. */
  readonly uploadDirectory: string;
  /** Default: those of `base/limits.ts`. */
  readonly limits?: RestServerLimits;
}

/** How long clients may take; ms. */
export interface RestServerLimits {
  /** Until a request is there, its head and its body each and together. */
  readonly requestMs: number;
  /** Until something happens on a connection. */
  readonly idleMs: number;
}

const LIMITS: RestServerLimits = { requestMs: REST_REQUEST_MS, idleMs: REST_IDLE_MS };
/** Parts of that time after which the server looks for requests that have taken longer. */
const LOOKS = 10;

/** The REST API of a cluster, listening. */
export interface RestServer {
  readonly url: string;
  /** Waits for the answers that are under way. */
  stop(): Promise<void>;
}

/**
 * Serves the routes, bare and under `/v1`, on Fastify.
 * @throws ConfigurationError for a port that is taken, or an address that is open to strangers
 */
export async function startRestServer(options: RestServerOptions): Promise<RestServer> {
  const { gateway, logger, limits = LIMITS } = options;
  const { configuration } = gateway;
  const binding = bindingOf(configuration);
  const access = new Access(configuration, binding, logger);
  const server = create(binding, logger, limits);
  server.addHook('onRequest', async (request) => access.checkOrigin(request));
  // Bodies are read where a route wants them: clients of Flink send some with every request.
  server.removeAllContentTypeParsers();
  server.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  await server.register(multipart, {
    limits: {
      files: 1,
      fields: 16,
      fieldSize: REST_BODY_BYTES,
      fileSize: configuration.get(OPTIONS.restMaxContentLength),
    },
  });
  for (const route of options.routes)
    for (const prefix of ['', '/v1']) addRoute(server, prefix, route, access, options);
  server.setErrorHandler((error, request, reply) => answerError(logger, error, request, reply));
  server.setNotFoundHandler((request, reply) => answerUnknown(request, reply));
  const url = await listenOn(server, binding, configuration, logger);
  return { url, stop: () => server.close() };
}

function create(binding: Binding, logger: Logger, limits: RestServerLimits): FastifyInstance {
  const { requestMs, idleMs } = limits;
  const http = { headersTimeout: requestMs, connectionsCheckingInterval: requestMs / LOOKS };
  const common = {
    logger: false,
    clientErrorHandler: answerNoHttp,
    // Paths that cannot be read, or are too long, meet no route.
    frameworkErrors: (error: unknown, request: FastifyRequest, reply: FastifyReply) => {
      void answerError(logger, error, request, reply);
    },
    bodyLimit: REST_BODY_BYTES,
    requestTimeout: requestMs,
    connectionTimeout: idleMs,
    keepAliveTimeout: idleMs,
    forceCloseConnections: 'idle',
    routerOptions: { maxParamLength: REST_PATH_PARAMETER_CHARS, ignoreTrailingSlash: true },
  } as const;
  return binding.tls === undefined
    ? Fastify({ ...common, http })
    : (Fastify({ ...common, https: { ...http, ...binding.tls } }) as unknown as FastifyInstance);
}

function addRoute(
  server: FastifyInstance,
  prefix: string,
  route: Route,
  access: Access,
  options: RestServerOptions,
): void {
  const { gateway, uploadDirectory } = options;
  server.route({
    method: route.method,
    url: `${prefix}${route.path}`,
    ...(route.upload ? { bodyLimit: gateway.configuration.get(OPTIONS.restMaxContentLength) } : {}),
    onRequest: async (request) => access.check(request, route.role),
    handler: async (request, reply) => {
      const uploads = route.upload ? await readUploads(request, uploadDirectory) : undefined;
      try {
        const answer = await route.run(gateway, {
          params: request.params,
          query: request.query,
          body: uploads === undefined ? readBody(request, route) : uploads.fields,
          files: uploads?.files ?? [],
        });
        return send(reply, route, answer, access.allowedOrigin);
      } finally {
        await uploads?.discard();
      }
    },
  });
}

function send(reply: FastifyReply, route: Route, answer: unknown, origin: string): FastifyReply {
  void reply.status(route.status).header('access-control-allow-origin', origin);
  if (answer instanceof TextAnswer) return reply.type(answer.type).send(Buffer.from(answer.body));
  return reply.type('application/json; charset=UTF-8').send(JSON.stringify(answer));
}
