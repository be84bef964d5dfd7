import { createHash, timingSafeEqual } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import type { Configuration } from '../../../src/config/configuration.ts';
import { OPTIONS } from '../../../src/config/options.ts';
import type { Logger } from '../../../src/ports/logger.ts';
import { RestError } from '../../../src/rest/errors.ts';
import { ROLES } from '../../../src/rest/route.ts';
import type { Role } from '../../../src/rest/route.ts';
import type { Binding } from './listen.ts';

const LOOPBACK_NAMES = ['localhost', '127.0.0.1', '::1'];

/** Who may do what. Without tokens and certificates everybody may do everything: then only loopback is listened on. */
export class Access {
  readonly allowedOrigin: string;
  readonly #logger: Logger;
  readonly #tokens: readonly { readonly role: Role; readonly digest: Buffer }[];
  /** Names under which a browser may know a server that is on loopback alone. */
  readonly #hosts: readonly string[] | undefined;

  constructor(configuration: Configuration, binding: Binding, logger: Logger) {
    this.allowedOrigin = configuration.get(OPTIONS.webOrigin);
    this.#logger = logger;
    const secrets = {
      read: configuration.get(OPTIONS.restReadToken),
      operate: configuration.get(OPTIONS.restOperateToken),
      submit: configuration.get(OPTIONS.restSubmitToken),
    };
    this.#tokens = ROLES.flatMap((role) => {
      const secret = secrets[role];
      return secret === undefined ? [] : [{ role, digest: digestOf(secret.reveal()) }];
    });
    const named = configuration.get(OPTIONS.restAddress);
    this.#hosts = binding.isLoopback
      ? [...LOOPBACK_NAMES, ...(named === undefined ? [] : [named])]
      : undefined;
  }

  /** Pages of other sites reach a loopback server through the user's browser: by names of their own, or by its address. */
  checkOrigin(request: FastifyRequest): void {
    const host = hostOf(request.headers.host);
    if (this.#hosts !== undefined && (host === undefined || !this.#hosts.includes(host)))
      throw new RestError(403, 'This server is not known by that name.');
  }

  /** @throws RestError 401, 403 */
  check(request: FastifyRequest, role: Role): void {
    if (role !== 'read') this.#checkForgery(request);
    const held = this.#roleOf(request);
    if (held === undefined)
      throw new RestError(401, 'A bearer token is needed: Authorization: Bearer <token>.');
    if (ROLES.indexOf(held) < ROLES.indexOf(role))
      throw new RestError(403, `This token may ${held}; the request needs one that may ${role}.`);
    if (role !== 'read')
      this.#logger.info('REST request', {
        method: request.method,
        path: request.url.split('?', 1)[0],
        role: held,
        from: request.ip,
      });
  }

  /** What changes something is refused from pages of other origins. */
  #checkForgery({ headers }: FastifyRequest): void {
    const { origin } = headers;
    const site = headers['sec-fetch-site'];
    const foreign =
      origin === undefined
        ? site === 'cross-site'
        : origin !== this.allowedOrigin && hostOf(URL.parse(origin)?.host) !== hostOf(headers.host);
    if (foreign)
      throw new RestError(403, 'Requests that change something are refused from pages of other origins.');
  }

  #roleOf({ headers }: FastifyRequest): Role | undefined {
    if (this.#tokens.length === 0) return 'submit';
    const token = /^Bearer +(\S{1,4096})$/i.exec(headers.authorization ?? '')?.[1];
    if (token === undefined) return undefined;
    const digest = digestOf(token);
    // Every token is compared, in the same time whatever they are.
    const matching = this.#tokens.filter((known) => timingSafeEqual(known.digest, digest));
    return matching.at(-1)?.role;
  }
}

function digestOf(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}

/** Without its port. */
function hostOf(host: string | undefined): string | undefined {
  if (host === undefined) return undefined;
  const name = URL.parse(`http://${host}`)?.hostname;
  return name?.replace(/^\[(.*)\]$/, '$1');
}
