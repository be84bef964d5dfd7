import { expect } from 'vitest';
import type { Route } from '../../src/rest/route.ts';
import { ROUTES } from '../../src/rest/routes.ts';
import { until } from './cluster-under-test.ts';

/** What an answer holds: of many shapes, and the tests are what checks them. */
// eslint-disable-next-line typescript/no-explicit-any
export type Json = any;

export interface RestAnswer {
  readonly status: number;
  readonly type: string;
  readonly text: string;
  readonly body: Json;
}

/** Asks the REST API as a program would; answers that its document does not describe fail the test. */
export class RestClient {
  readonly #url: string;
  readonly #headers: Readonly<Record<string, string>>;

  constructor(url: string, headers: Readonly<Record<string, string>> = {}) {
    this.#url = url;
    this.#headers = headers;
  }

  async ask(method: string, path: string, body?: unknown): Promise<RestAnswer> {
    const isForm = body instanceof FormData;
    const json = { 'content-type': 'application/json' };
    const response = await fetch(`${this.#url}${path}`, {
      method,
      headers: { ...this.#headers, ...(body === undefined || isForm ? {} : json) },
      ...(body === undefined ? {} : { body: isForm ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    const type = response.headers.get('content-type') ?? '';
    const answer: RestAnswer = {
      status: response.status,
      type,
      text,
      body: type.includes('json') ? JSON.parse(text) : undefined,
    };
    if (response.ok) keepsContract(method, path, answer);
    return answer;
  }

  get(path: string): Promise<RestAnswer> {
    return this.ask('GET', path);
  }

  /** Polls an operation to its end, as Flink's clients do. */
  async operation(path: string): Promise<Json> {
    let operation: unknown;
    await until(`${path} is COMPLETED`, async () => {
      const { body } = await this.get(path);
      operation = body.operation;
      return body.status.id === 'COMPLETED';
    });
    return operation;
  }
}

/** No field too few, none too many, each of its type: a schema leaves out what it does not know. */
function keepsContract(method: string, path: string, { status, type, body, text }: RestAnswer): void {
  const route = routeOf(method, path);
  expect(route, `a route for ${method} ${path}`).toBeDefined();
  expect(status).toBe(route?.status);
  const answered: unknown = type.includes('json') ? body : text;
  expect(route?.response.parse(answered), `${method} ${path}`).toEqual(answered);
}

/** As the server chooses: fixed words win over parameters. */
function routeOf(method: string, path: string): Route | undefined {
  const parts = path.replace(/\?.*$/, '').replace(/^\/v1/, '').split('/');
  const parameters = (route: Route): number => route.path.split(':').length;
  return ROUTES.filter((route) => {
    const wanted = route.path.split('/');
    const fits = wanted.every((part, i) => part.startsWith(':') || part === parts[i]);
    return route.method === method && wanted.length === parts.length && fits;
  }).toSorted((a, b) => parameters(a) - parameters(b))[0];
}
