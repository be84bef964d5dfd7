import { z } from 'zod';
import { RestError, badParameters } from './errors.ts';
import type { RestGateway } from './gateway.ts';

/** What a caller must be allowed to do: each includes the one before. */
export const ROLES = ['read', 'operate', 'submit'] as const;
export type Role = (typeof ROLES)[number];

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** A file that came with a request, where it was put. */
export interface UploadedFile {
  /** As the client called it: never a path of this machine. */
  readonly name: string;
  readonly path: string;
}

/** An answer that is no JSON: a log, a page. */
export class TextAnswer {
  readonly body: Uint8Array;
  readonly type: string;

  constructor(body: Uint8Array, type = 'text/plain; charset=UTF-8') {
    this.body = body;
    this.type = type;
  }
}

interface RouteSpec<P extends z.ZodObject, Q extends z.ZodObject, B extends z.ZodType, R extends z.ZodType> {
  readonly method: Method;
  /** With `:name` for parameters, as Flink writes it. */
  readonly path: string;
  readonly role: Role;
  /** One line for the document of the API. */
  readonly summary: string;
  readonly params?: P;
  readonly query?: Q;
  /** Missing: whatever body comes is ignored, as Flink's client sends one with every request. */
  readonly body?: B;
  /** Whether it takes files (multipart/form-data). */
  readonly upload?: boolean;
  /** Of a successful answer; default 200. */
  readonly status?: number;
  readonly response: R;
  handle(call: {
    readonly gateway: RestGateway;
    readonly params: z.infer<P>;
    readonly query: z.infer<Q>;
    readonly body: z.infer<B>;
    readonly files: readonly UploadedFile[];
  }): Answer<R> | Promise<Answer<R>>;
}

/** What a handler gives back: as the schema has it, or text. */
export type Answer<R extends z.ZodType> = Unchanged<z.infer<R>> | TextAnswer;

/** What is answered is only read. */
type Unchanged<T> = unknown extends T
  ? T
  : T extends string | number | boolean | null | undefined
    ? T
    : T extends readonly (infer E)[]
      ? readonly Unchanged<E>[]
      : { readonly [K in keyof T]: Unchanged<T[K]> };

/** A request as the server read it. */
export interface RawCall {
  readonly params: unknown;
  readonly query: unknown;
  readonly body: unknown;
  readonly files: readonly UploadedFile[];
}

/** One route of the API; `path` stands bare and under `/v1`. */
export interface Route {
  readonly method: Method;
  readonly path: string;
  readonly role: Role;
  readonly summary: string;
  readonly params: z.ZodObject;
  readonly query: z.ZodObject;
  readonly body: z.ZodType | undefined;
  readonly upload: boolean;
  readonly status: number;
  readonly response: z.ZodType;
  /** @throws RestError for what the schemas refuse, and what the handler does */
  run(gateway: RestGateway, call: RawCall): Promise<unknown>;
}

const NOTHING = z.object({});

/** Makes a route of its schemas and handler; everything that comes in is checked before the handler sees it. */
export function route<
  P extends z.ZodObject = typeof NOTHING,
  Q extends z.ZodObject = typeof NOTHING,
  B extends z.ZodType = z.ZodUndefined,
  R extends z.ZodType = z.ZodType,
>(spec: RouteSpec<P, Q, B, R>): Route {
  const params = spec.params ?? (NOTHING as unknown as P);
  const query = spec.query ?? (NOTHING as unknown as Q);
  const { method, path, role, summary, body, response, status = 200, upload = false } = spec;
  return {
    method,
    path,
    role,
    summary,
    params,
    query,
    body,
    upload,
    status,
    response,
    run: async (gateway, call) =>
      spec.handle({
        gateway,
        params: parsed(params, call.params),
        query: parsed(query, call.query),
        body: parsedBody(body, call.body, path),
        files: call.files,
      }),
  };
}

function parsed<T extends z.ZodType>(schema: T, value: unknown): z.infer<T> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw badParameters(issuesOf(result.error));
}

/** No body is an empty one. */
function parsedBody<B extends z.ZodType>(schema: B | undefined, value: unknown, path: string): z.infer<B> {
  if (schema === undefined) return undefined as z.infer<B>;
  const result = schema.safeParse(value ?? {});
  if (result.success) return result.data;
  throw new RestError(400, `Request did not match expected format of ${path}: ${issuesOf(result.error)}`);
}

const ISSUES_SHOWN = 3;

function issuesOf(error: z.ZodError): string {
  return error.issues
    .slice(0, ISSUES_SHOWN)
    .map(({ path, message }) => (path.length === 0 ? message : `${path.join('.')}: ${message}`))
    .join('; ')
    .slice(0, 500);
}
