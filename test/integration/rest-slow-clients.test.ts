import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startRestServer } from '../../actors/nodes/rest/rest-server.ts';
import type { RestServer } from '../../actors/nodes/rest/rest-server.ts';
import { SilentLogger } from '../../actors/nodes/adapters/silent-logger.ts';
import { Configuration } from '../../src/config/configuration.ts';
import type { RestGateway } from '../../src/rest/gateway.ts';
import { ROUTES } from '../../src/rest/routes.ts';
import { until } from './cluster-under-test.ts';
import { RestClient } from './rest-client.ts';

let server: RestServer;
let folder: string;
/** What reached the cluster, and would have changed it. */
let changes: string[];
const sockets: Socket[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-slow-'));
  changes = [];
  const change = (what: string) => (): Promise<never> => {
    changes.push(what);
    return Promise.reject(new Error('changed'));
  };
  const gateway = {
    configuration: Configuration.of([['rest.port', '0']]),
    jobs: () => Promise.resolve([]),
    job: () => Promise.resolve({ status: 'RUNNING' }),
    cancel: change('cancel'),
    jars: { add: change('upload'), run: change('run') },
    snapshots: { newRequestId: () => 'a', trigger: change('trigger') },
  } as unknown as RestGateway;
  server = await startRestServer({
    routes: ROUTES,
    gateway,
    logger: new SilentLogger(),
    uploadDirectory: folder,
    limits: { requestMs: 300, idleMs: 30_000 },
  });
});

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await server.stop();
  await rm(folder, { recursive: true });
});

interface SlowClient {
  /** Settles with all that came back, when the server has hung up. */
  readonly answer: Promise<string>;
}

/** Sends `start`, then a little more of `drip` again and again, but never the end. */
function slowly(start: string, drip: string): SlowClient {
  const { port } = new URL(server.url);
  const socket = connect(Number(port), '127.0.0.1');
  socket.write(start);
  sockets.push(socket);
  const timer = setInterval(() => socket.write(drip), 20);
  let received = '';
  socket.on('data', (chunk: Buffer) => {
    received += chunk.toString();
  });
  const answer = new Promise<string>((resolve) => {
    socket.on('close', () => {
      clearInterval(timer);
      resolve(received);
    });
    // Whoever hangs up on one who writes resets the connection.
    socket.on('error', () => {});
  });
  return { answer };
}

const HOST = 'Host: localhost\r\n';
const JSON_BODY = `${HOST}Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"drain":`;
const FORM_BODY =
  `${HOST}Content-Type: multipart/form-data; boundary=x\r\nContent-Length: 100000\r\n\r\n` +
  '--x\r\nContent-Disposition: form-data; name="jarfile"; filename="job.ts"\r\n\r\nexport ';

describe('clients that are slow', () => {
  it.each([
    ['a request line', 'PATCH /jobs/j', 'x'],
    ['headers', `PATCH /jobs/j HTTP/1.1\r\n${HOST}`, 'X-More: y\r\n'],
    ['a body', `POST /jobs/j/stop HTTP/1.1\r\n${JSON_BODY}`, ' '],
    ['an upload', `POST /jars/upload HTTP/1.1\r\n${FORM_BODY}`, 'x'],
    [
      'a body in chunks',
      `POST /jobs/j/stop HTTP/1.1\r\n${HOST}Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n`,
      '1\r\n{\r\n',
    ],
  ])(
    'when %s comes drop by drop, then it is answered 408 and hung up on, others are served, nothing has changed',
    async (_what, start, drip) => {
      const slow = Array.from({ length: 20 }, () => slowly(start, drip));
      const rest = new RestClient(server.url);
      expect(await rest.get('/jobs')).toMatchObject({ status: 200, body: { jobs: [] } });
      for (const { answer } of slow) {
        const text = await answer;
        expect(text).toMatch(
          /^(HTTP\/1\.1 408 Request Timeout\r\n[^]*\{"errors":\["Bad request: Request Timeout\."\]\})?$/,
        );
      }
      expect(await rest.get('/jobs')).toMatchObject({ status: 200 });
      expect(changes).toEqual([]);
      await until('no upload is left', async () => (await readdir(folder)).length === 0);
    },
  );

  it('when requests are there in time, then their connection outlives the limit of a single one', async () => {
    const { port } = new URL(server.url);
    const socket = connect(Number(port), '127.0.0.1');
    sockets.push(socket);
    let received = '';
    socket.on('data', (chunk: Buffer) => {
      received += chunk.toString();
    });
    for (const answers of [1, 2]) {
      socket.write(`GET /jobs HTTP/1.1\r\n${HOST}\r\n`);
      await until(`answer ${answers}`, () => Promise.resolve(received.split('{"jobs":[]}').length > answers));
      await slowly('GET /slow', 'x').answer;
    }
    expect(socket.closed).toBe(false);
    expect(received).not.toContain('408');
  });
});
