import { readFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { z } from 'zod';
import {
  ConfigurationError,
  DeadlineExceededError,
  ExternalError,
  InternalError,
  UserError,
} from '../../../src/base/errors.ts';
import type { RequestOptions, Transport, TransportMessage } from '../../../src/ports/transport.ts';
import { decodeMessage, encodeMessage } from '../../../src/protocol/codec.ts';
import { roleOfMessage } from '../../../src/protocol/message-roles.ts';

/** Where a cluster's REST API is, and how to be known there. */
export interface RestAddress {
  /** `http://host:port` or `https://host:port`, perhaps with a path. */
  readonly url: string;
  readonly token?: string | undefined;
  /** Paths of PEM files. */
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
}

const anyMessage = z.looseObject({ type: z.string() });

/**
 * A client's way to a cluster whose REST API alone can be reached: requests to the dispatcher and into processes go as posts to
 * `/millrace/messages`. There is nothing to listen to.
 */
export class RestTransport implements Transport {
  readonly maxPayload = 1024 * 1024;
  readonly closed: Promise<Error | undefined>;
  readonly #address: RestAddress;
  readonly #files: { readonly ca?: Buffer; readonly cert?: Buffer; readonly key?: Buffer };
  readonly #close: (error: undefined) => void;

  /** @throws ConfigurationError for files that cannot be read */
  constructor(address: RestAddress) {
    this.#address = address;
    const { ca, cert, key } = address;
    this.#files = { ...fileOf('ca', ca), ...fileOf('cert', cert), ...fileOf('key', key) };
    const { promise, resolve } = Promise.withResolvers<Error | undefined>();
    this.closed = promise;
    this.#close = resolve;
  }

  publish(): void {
    throw new InternalError('a client over REST sends requests only');
  }

  subscribe(): never {
    throw new InternalError('a client over REST listens to nothing');
  }

  async request(
    subject: string,
    payload: Uint8Array,
    { headers = {}, timeoutMs }: RequestOptions,
  ): Promise<TransportMessage> {
    const message = decodeMessage(anyMessage, payload, headers, subject);
    const role = roleOfMessage(message.type);
    if (role === undefined) throw new InternalError(`"${message.type}" is no message of a client`);
    const body = JSON.stringify({ ...receiverOf(subject), message });
    const answer = await this.#post(
      `/millrace/messages/${role}`,
      'application/json',
      Buffer.from(body),
      timeoutMs,
    );
    const { reply } = JSON.parse(answer) as { readonly reply: object };
    return { subject, payload: encodeMessage(reply), headers: {} };
  }

  /** Uploads the module of a job. @returns its sha256 */
  async putArtifact(content: Uint8Array, timeoutMs: number): Promise<string> {
    const form = new FormData();
    form.append('module', new Blob([new Uint8Array(content)]), 'module.mjs');
    const encoded = new Response(form);
    const type = encoded.headers.get('content-type') ?? '';
    const body = Buffer.from(await encoded.arrayBuffer());
    const answer = await this.#post('/millrace/artifacts', type, body, timeoutMs);
    return (JSON.parse(answer) as { readonly sha256: string }).sha256;
  }

  flush(): Promise<void> {
    return Promise.resolve();
  }

  async close(): Promise<void> {
    this.#close(undefined);
  }

  async #post(path: string, type: string, body: Buffer, timeoutMs: number): Promise<string> {
    let url = `${this.#address.url.replace(/\/+$/, '')}${path}`;
    for (let hops = 0; hops <= MAX_REDIRECTS; hops++) {
      const { status, text, location } = await this.#send(url, type, body, timeoutMs);
      if (status === 200) return text;
      if (status !== 307 || location === undefined) throw refusal(this.#address.url, status, text);
      url = redirected(url, location);
    }
    throw new ExternalError(
      `${this.#address.url} sends from one JobManager to the next: none of them leads now`,
    );
  }

  #send(
    url: string,
    type: string,
    body: Buffer,
    timeoutMs: number,
  ): Promise<{ readonly status: number; readonly text: string; readonly location: string | undefined }> {
    const { token } = this.#address;
    const send = url.startsWith('https:') ? httpsRequest : httpRequest;
    const headers = {
      'content-type': type,
      'content-length': body.length,
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    };
    return new Promise((resolve, reject) => {
      const request = send(url, {
        method: 'POST',
        headers,
        ...this.#files,
        signal: AbortSignal.timeout(timeoutMs),
      });
      request.on('response', (response) => {
        const parts: Buffer[] = [];
        response.on('data', (part: Buffer) => parts.push(part));
        response.on('error', (error) => reject(this.#failure(error)));
        response.on('end', () => {
          const text = Buffer.concat(parts).toString();
          const { statusCode = 0, headers: answered } = response;
          resolve({ status: statusCode, text, location: answered.location });
        });
      });
      request.on('error', (error) => reject(this.#failure(error)));
      request.end(body);
    });
  }

  #failure(cause: Error): Error {
    const { url } = this.#address;
    if (cause.name === 'TimeoutError' || cause.name === 'AbortError')
      return new DeadlineExceededError(`no answer from ${url}`, { cause });
    const { code = '' } = cause as NodeJS.ErrnoException;
    return new ExternalError(
      `no REST API can be reached at ${url} (${code === '' ? cause.message : code}): does a JobManager run there, and is it its rest.port?`,
      { cause, retryable: false },
    );
  }
}

/** From a JobManager that stands by to the one that leads. */
const MAX_REDIRECTS = 3;

/** @throws UserError where a token would leave an encrypted connection */
function redirected(from: string, to: string): string {
  const target = URL.parse(to, from);
  if (target === null || (from.startsWith('https:') && target.protocol !== 'https:'))
    throw new UserError(
      `${from} sends to "${to.slice(0, 200)}": that is not followed, name the leader with -m`,
    );
  return target.href;
}

function fileOf(name: 'ca' | 'cert' | 'key', path: string | undefined): { readonly [key: string]: Buffer } {
  if (path === undefined) return {};
  try {
    return { [name]: readFileSync(path) };
  } catch (cause) {
    throw new ConfigurationError(`the file ${path} cannot be read`, { cause });
  }
}

/** Whom a subject of the cluster means. */
function receiverOf(subject: string): { readonly to: string; readonly taskManagerId?: string } {
  const [, , kind, id] = subject.split('.');
  if (kind === 'dispatcher') return { to: 'dispatcher' };
  if (kind === 'jobmanager') return { to: 'jobmanager' };
  if (kind === 'tm' && id !== undefined) return { to: 'taskmanager', taskManagerId: id };
  throw new InternalError(`a client over REST cannot reach ${subject}`);
}

const ERRORS_SHOWN = 500;

function refusal(url: string, status: number, text: string): Error {
  const said = messageOf(text);
  switch (status) {
    case 401:
    case 403:
      return new UserError(
        `${url} refuses: ${said} Give the token by MILLRACE_TOKEN or --token-file, as rest.auth.* of the cluster has it.`,
      );
    case 404:
      return new UserError(`${url} is no REST API of Millrace, or of another version: ${said}`);
    case 503:
      return new ExternalError(said);
    default:
      return new ExternalError(`${url} answered ${status}: ${said}`, { retryable: false });
  }
}

function messageOf(text: string): string {
  try {
    const { errors } = JSON.parse(text) as { readonly errors?: readonly string[] };
    return (errors ?? [text]).join(' ').slice(0, ERRORS_SHOWN);
  } catch {
    return text.slice(0, ERRORS_SHOWN);
  }
}
