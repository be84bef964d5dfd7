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

/** Asks the REST API as a program would. */
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
    return {
      status: response.status,
      type,
      text,
      body: type.includes('json') ? JSON.parse(text) : undefined,
    };
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
