import { request } from 'node:http';
import { connect } from 'node:net';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Configuration, MiniCluster, prepareJob } from '../../actors/index.ts';
import type { JobId } from '../../actors/index.ts';
import { ROUTES } from '../../src/rest/routes.ts';
import type { Route } from '../../src/rest/route.ts';
import { jobPath, until } from './cluster-under-test.ts';

interface Answer {
  readonly status: number;
  readonly text: string;
}

let cluster: MiniCluster;
let port: number;
let jobId: JobId;

beforeAll(async () => {
  const configuration = Configuration.of([
    ['rest.port', '0'],
    ['taskmanager.numberOfTaskSlots', '2'],
  ]);
  cluster = await MiniCluster.start({ configuration, rest: true });
  port = Number(new URL(cluster.restUrl ?? '').port);
  const { bundle } = await prepareJob(jobPath('endless.ts'), configuration);
  await cluster.artifacts.put(bundle.source);
  jobId = cluster.client.newJobId();
  await cluster.client.submit({ jobId, module: { sha256: bundle.sha256 }, configuration: {} });
  await until('the job runs', async () => (await cluster.client.details(jobId)).status === 'RUNNING');
});

afterAll(async () => {
  await cluster?.stop();
});

/** A request whose path goes out as it is: `fetch` would tidy it up. */
function raw(
  method: string,
  path: string,
  body?: Buffer,
  headers: Record<string, string> = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const length = body === undefined ? {} : { 'content-length': String(body.length) };
    const all = { ...length, ...headers };
    const sent = request(
      { host: '127.0.0.1', port, method, path, headers: all, agent: false },
      (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => (text += chunk));
        response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
      },
    );
    sent.on('error', reject);
    sent.end(body);
  });
}

/** What must hold of every answer, whatever was asked: no failure of the server's, and errors in their one form. */
function decent({ status, text }: Answer): void {
  expect(status, text).not.toBe(500);
  if (status < 400 && status !== 308) return;
  expect([308, 400, 403, 404, 405, 409, 413, 414, 415, 503]).toContain(status);
  const body = JSON.parse(text) as { readonly errors: readonly unknown[] };
  expect(Object.keys(body)).toEqual(['errors']);
  expect(body.errors).toEqual([expect.any(String)]);
  expect(String(body.errors[0])).not.toMatch(/\n {4}at |node_modules|\/actors\//);
}

async function stillThere(): Promise<void> {
  expect((await raw('GET', '/overview')).status).toBe(200);
  expect(await cluster.client.details(jobId)).toMatchObject({ status: 'RUNNING', restarts: 0 });
  expect(await cluster.client.list()).toHaveLength(1);
}

const NASTY = [
  '..',
  '%2e%2e',
  '../../etc/passwd',
  'a\u0000b',
  '__proto__',
  'constructor',
  ' ',
  '%',
  '\u202e',
  '0',
  '-1',
];
const text = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 40 }),
  fc.constantFrom(...NASTY),
  fc.string({ minLength: 250, maxLength: 400 }),
);

/** Bodies: of the right fields with wrong values, and of none. */
function bodies({ body }: Route): fc.Arbitrary<Buffer> {
  const shape = (body as { readonly shape?: object } | undefined)?.shape ?? {};
  const fields = Object.keys(shape);
  const wrong = fc.dictionary(fc.constantFrom('extra', ...fields), fc.jsonValue({ maxDepth: 3 }));
  return fc.oneof(
    wrong.map((value) => Buffer.from(JSON.stringify(value))),
    fc.jsonValue({ maxDepth: 3 }).map((value) => Buffer.from(JSON.stringify(value))),
    fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes)),
  );
}

function calls(route: Route): fc.Arbitrary<{ readonly path: string; readonly body: Buffer }> {
  const parameters = fc.array(text, { minLength: 4, maxLength: 4 });
  const names = fc.constantFrom('unknown', ...Object.keys(route.query.shape));
  const query = fc.array(fc.tuple(names, text), { maxLength: 3 });
  return fc.record({ parameters, query, body: bodies(route) }).map((drawn) => {
    let next = 0;
    const path = route.path.replaceAll(/:\w+/g, () =>
      encodeURIComponent(safe(drawn.parameters[next++] ?? '')),
    );
    const pairs = drawn.query.map(([name, value]) => `${name}=${encodeURIComponent(safe(value))}`);
    return { path: `${path}${pairs.length === 0 ? '' : `?${pairs.join('&')}`}`, body: drawn.body };
  });
}

/** Half of a pair of surrogates cannot be written into a URL. */
function safe(value: string): string {
  return value.isWellFormed() ? value : value.toWellFormed();
}

describe('every route', () => {
  // DELETE /cluster takes no input, and does what it says.
  const fuzzed = ROUTES.filter(({ method, path }) => method !== 'DELETE' || path !== '/cluster');

  it.each(fuzzed.map((route) => [route.method, route.path, route] as const))(
    'when %s %s gets anything at all, then the answer is decent and nothing has changed',
    async (method, _path, route) => {
      expect.hasAssertions();
      await fc.assert(
        fc.asyncProperty(calls(route), async ({ path, body }) => {
          const sent = method === 'GET' ? undefined : body;
          decent(await raw(method, path, sent, { 'content-type': 'application/json' }));
        }),
        { numRuns: 25, interruptAfterTimeLimit: 30_000, markInterruptAsFailure: false },
      );
      await stillThere();
    },
  );
});

describe('requests that are no good', () => {
  it.each([
    ['nested too deep', Buffer.from('['.repeat(5_000) + ']'.repeat(5_000)), 400],
    ['nested too deep in a string of brackets', Buffer.from(`{"a":"${'['.repeat(100)}"}`), 404],
    ['no JSON', Buffer.from('{"a":'), 400],
    ['no UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x7d]), 400],
    ['larger than a body may be', Buffer.alloc(2 * 1024 * 1024, 0x20), 413],
  ])('when a body is %s, then it is answered so', async (_what, body, status) => {
    const answer = await raw('POST', '/jobs/unknown/stop', body, { 'content-type': 'application/json' });
    expect(answer.status, answer.text).toBe(status === 404 ? 400 : status);
    decent(answer);
  });

  it.each([
    '/jobmanager/logs/..%2f..%2f..%2fetc%2fpasswd',
    '/jobmanager/logs/../../etc/passwd',
    '/jobmanager/logs/%2e%2e/%2e%2e/etc/passwd',
    '/jobmanager/logs/%252e%252e%252fetc',
    '/taskmanagers/tm-0/logs/a%00.log',
    '//etc/passwd',
    '/jobs/%',
    '/jobs/%ff',
    `/jobs/${'x'.repeat(10_000)}`,
  ])('when the path is %s, then it leads nowhere', async (path) => {
    const answer = await raw('GET', path);
    expect([400, 404, 414]).toContain(answer.status);
    decent(answer);
  });

  it('when it is no HTTP, or stops in the middle, then others are served all the same', async () => {
    expect.hasAssertions();
    const sockets = [
      '\u0016\u0003\u0001',
      'GET / HTTP/9.9\r\n\r\n',
      'POST /jobs HTTP/1.1\r\nHost: localhost\r\nContent-Le',
    ].map((start) => {
      const socket = connect(port, '127.0.0.1', () => socket.write(start));
      socket.on('error', () => {});
      return socket;
    });
    await stillThere();
    for (const socket of sockets) socket.destroy();
  });
});

describe('pages of other sites', () => {
  const stop = `/jobs/unknown/stop`;

  it.each([
    ['another name for this server', 'GET', '/overview', { host: 'evil.example' }, 403],
    ['a foreign origin that changes something', 'POST', stop, { origin: 'http://evil.example' }, 403],
    [
      'a foreign page that cancels by GET',
      'GET',
      '/jobs/x/yarn-cancel',
      { 'sec-fetch-site': 'cross-site' },
      403,
    ],
    ['a foreign origin that reads', 'GET', '/overview', { origin: 'http://evil.example' }, 200],
    [
      'the dashboard itself',
      'POST',
      stop,
      { origin: 'http://localhost:1', 'content-type': 'application/json' },
      403,
    ],
  ])('when a request has %s, then it is answered %s %s', async (_what, method, path, headers, status) => {
    expect((await raw(method, path, undefined, headers as Record<string, string>)).status).toBe(status);
  });

  it('when the origin is this server, then its requests pass', async () => {
    const origin = `http://127.0.0.1:${port}`;
    expect((await raw('POST', stop, Buffer.from('{"targetDirectory":"/x"}'), { origin })).status).toBe(404);
  });
});
