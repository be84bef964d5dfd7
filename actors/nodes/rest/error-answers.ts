import type { Socket } from 'node:net';
import type { ConnectionError, FastifyReply, FastifyRequest } from 'fastify';
import { MillraceError } from '../../../src/base/errors.ts';
import type { Logger } from '../../../src/ports/logger.ts';
import { RestError } from '../../../src/rest/errors.ts';

/** Answers a failure as Flink does: `{"errors":[...]}`. What is not the caller's doing gets an id, and its stack the log. */
export function answerError(
  logger: Logger,
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  const { status, messages } = describe(logger, error, request);
  if (status === 401) void reply.header('www-authenticate', 'Bearer');
  return reply
    .status(status)
    .type('application/json; charset=UTF-8')
    .send(JSON.stringify({ errors: messages }));
}

export function answerUnknown(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const path = request.url.split('?', 1)[0] ?? '';
  return reply
    .status(404)
    .type('application/json; charset=UTF-8')
    .send(JSON.stringify({ errors: [`Unable to load requested file ${path.slice(0, 500)}.`] }));
}

/** What is no HTTP, comes too slowly or with too many headers: answered once, and hung up on. */
export function answerNoHttp(error: ConnectionError, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const status = NO_HTTP[error.code] ?? '400 Bad Request';
  const body = JSON.stringify({ errors: [`Bad request: ${status.slice(4)}.`] });
  const head = [
    'Content-Type: application/json; charset=UTF-8',
    `Content-Length: ${body.length}`,
    'Connection: close',
  ];
  socket.end(`HTTP/1.1 ${status}\r\n${head.join('\r\n')}\r\n\r\n${body}`);
}

const NO_HTTP: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
};

function describe(
  logger: Logger,
  error: unknown,
  request: FastifyRequest,
): { readonly status: number; readonly messages: readonly string[] } {
  if (error instanceof RestError) return { status: error.status, messages: [error.message] };
  if (error instanceof MillraceError && error.domain !== 'internal')
    return { status: statusOf(error), messages: [error.message] };
  const { statusCode = 500, message = '' } = error as {
    readonly statusCode?: number;
    readonly message?: string;
  };
  if (statusCode >= 400 && statusCode < 500) return { status: statusCode, messages: [message] };
  const { id } = request;
  logger.error('REST request failed', { id, method: request.method, url: request.url, error });
  return {
    status: 500,
    messages: [
      'Internal server error.',
      `<Exception on server side:\nsee the log of the JobManager for request ${id}\nEnd of exception on server side>`,
    ],
  };
}

/** The user is at fault, or the cluster does not answer right now: then a client tries again. */
function statusOf(error: MillraceError): number {
  if (error.name === 'NotFoundError') return 404;
  return error.domain === 'user' ? 400 : 503;
}
