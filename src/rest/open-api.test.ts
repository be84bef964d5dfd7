import { describe, expect, it } from 'vitest';
import { openApi } from './open-api.ts';
import { ROUTES } from './routes.ts';

const document = JSON.parse(JSON.stringify(openApi(ROUTES, '1'))) as {
  readonly paths: Readonly<Record<string, object>>;
  readonly components: { readonly schemas: Readonly<Record<string, object>> };
};

function refsIn(part: unknown): string[] {
  if (typeof part !== 'object' || part === null) return [];
  return Object.entries(part).flatMap(([key, value]) =>
    key === '$ref' ? [String(value)] : key === '$defs' ? ['#/$defs'] : refsIn(value),
  );
}

describe('the document of the API', () => {
  it('when a schema refers to another, then that one is a component of the document', () => {
    const known = Object.keys(document.components.schemas).map((name) => `#/components/schemas/${name}`);
    const refs = [...new Set(refsIn(document))];
    expect(refs.filter((ref) => !known.includes(ref))).toEqual([]);
    expect(refs).toContain('#/components/schemas/FlameGraphFrame');
  });

  it('when a schema contains itself, then it does so by reference', () => {
    expect(document.components.schemas['FlameGraphFrame']).toMatchObject({
      properties: { children: { type: 'array', items: { $ref: '#/components/schemas/FlameGraphFrame' } } },
    });
  });

  it('when names become those of components, then they have the letters that OpenAPI allows', () => {
    for (const name of Object.keys(document.components.schemas)) expect(name).toMatch(/^[A-Za-z0-9._-]+$/);
  });

  it('when a route answers with a file, then the document says text', () => {
    expect(document.paths['/jobmanager/log']).toMatchObject({
      get: { responses: { 200: { content: { 'text/plain': { schema: { type: 'string' } } } } } },
    });
  });

  it('when routes are described, then each stands once, and only what has its schema elsewhere is any object', () => {
    const operations = Object.values(document.paths).flatMap((path) => Object.values(path) as unknown[]);
    expect(operations).toHaveLength(ROUTES.length);
    const open = ROUTES.filter(({ method, path }) =>
      JSON.stringify(
        (document.paths[path.replaceAll(/:(\w+)/g, '{$1}')] as Record<string, object>)[method.toLowerCase()],
      ).includes('"additionalProperties":{}'),
    );
    expect(open.map(({ path }) => path).toSorted()).toEqual([
      '/millrace/messages/operate',
      '/millrace/messages/read',
      '/millrace/messages/submit',
      '/openapi.json',
    ]);
  });
});
