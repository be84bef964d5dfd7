import { z } from 'zod';
import { route } from './route.ts';
import type { Route } from './route.ts';
import { anyObject } from './schemas.ts';

/** The OpenAPI 3.1 document of routes, made of the schemas that check their requests. */
export function openApi(routes: readonly Route[], version: string): Record<string, unknown> {
  const paths: Record<string, Record<string, object>> = {};
  const components = new Components();
  for (const one of routes) {
    const path = one.path.replaceAll(/:(\w+)/g, '{$1}');
    (paths[path] ??= {})[one.method.toLowerCase()] = operation(one, components);
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Millrace',
      version,
      description: 'Every path stands under /v1 as well. Errors are {"errors":[…]}.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    paths,
    components: {
      schemas: components.schemas,
      securitySchemes: { token: { type: 'http', scheme: 'bearer' } },
    },
    security: [{}, { token: [] }],
  };
}

/** The document itself, as a route. */
export function openApiRoute(routes: readonly Route[]): Route {
  return route({
    method: 'GET',
    path: '/openapi.json',
    role: 'read',
    summary: 'This document.',
    response: anyObject,
    handle: ({ gateway }) => openApi(routes, gateway.version),
  });
}

function operation(one: Route, components: Components): object {
  const id = operationId(one);
  const failure = { description: 'Refused.', content: json({ $ref: '#/components/schemas/Errors' }) };
  return {
    summary: one.summary,
    operationId: id,
    'x-role': one.role,
    parameters: [...parameters('path', one.params), ...parameters('query', one.query)],
    ...(one.body === undefined
      ? {}
      : { requestBody: { content: json(components.schemaOf(one.body, 'input', `${id}Request`)) } }),
    ...(one.upload ? { requestBody: UPLOAD } : {}),
    responses: {
      [one.status]: {
        description: 'Done.',
        content: contentOf(one, components.schemaOf(one.response, 'output', `${id}Answer`)),
      },
      '4XX': failure,
      '5XX': failure,
    },
  };
}

const UPLOAD = {
  content: {
    'multipart/form-data': {
      schema: {
        type: 'object',
        required: ['jarfile'],
        properties: { jarfile: { type: 'string', contentMediaType: 'application/octet-stream' } },
      },
    },
  },
};

function contentOf({ response }: Route, schema: object): object {
  return response instanceof z.ZodString ? { 'text/plain': { schema } } : json(schema);
}

function json(schema: object): object {
  return { 'application/json': { schema } };
}

/** Schemas that have a name, or speak of themselves: once in the document, where all routes find them. */
class Components {
  readonly schemas: Record<string, unknown> = {
    Errors: {
      type: 'object',
      required: ['errors'],
      properties: { errors: { type: 'array', items: { type: 'string' } } },
    },
  };

  /** @param prefix of those that have no name of their own */
  schemaOf(schema: z.ZodType, io: 'input' | 'output', prefix: string): object {
    const { $schema: _, $defs = {}, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: 'any' });
    const nameOf = (name: string): string => (name.startsWith('__') ? prefix + name : name);
    const moved = <T>(part: T): T =>
      JSON.parse(JSON.stringify(part), (key, value: unknown) => {
        if (key !== '$ref' || typeof value !== 'string') return value;
        return `#/components/schemas/${nameOf(value.replace('#/$defs/', ''))}`;
      }) as T;
    for (const [name, one] of Object.entries($defs)) this.schemas[nameOf(name)] = moved(one);
    return moved(rest);
  }
}

function parameters(place: 'path' | 'query', schema: z.ZodObject): object[] {
  const { properties = {}, required = [] } = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });
  return Object.entries(properties).map(([name, one]) => ({
    name,
    in: place,
    required: place === 'path' || required.includes(name),
    schema: one,
  }));
}

/** `getJobsJobidVertices…` */
function operationId({ method, path }: Route): string {
  const parts = path.split(/[^A-Za-z0-9]+/).filter((part) => part !== '');
  return method.toLowerCase() + parts.map((part) => part[0]?.toUpperCase() + part.slice(1)).join('');
}
