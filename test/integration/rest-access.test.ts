import { readFile, mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Configuration, MiniCluster } from '../../actors/index.ts';
import { makeCertificates } from './certificates.ts';
import type { Certificates } from './certificates.ts';
import { RestClient } from './rest-client.ts';

const TOKENS = { read: 'token-that-reads', operate: 'token-that-operates', submit: 'token-that-submits' };

let cluster: MiniCluster | undefined;
let folder: string;
let certificates: Certificates;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-access-'));
  certificates = await makeCertificates(folder);
});
afterEach(async () => {
  await cluster?.stop();
  cluster = undefined;
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function serve(entries: Record<string, string>): Promise<string> {
  const configuration = Configuration.of(Object.entries({ 'rest.port': '0', ...entries }));
  cluster = await MiniCluster.start({ configuration, rest: true });
  return cluster.restUrl ?? '';
}

const tokens = Object.fromEntries(
  Object.entries(TOKENS).map(([role, token]) => [`rest.auth.${role}-token`, token]),
);

describe('REST with tokens', () => {
  it('when a token comes, then it may do what its role may, and what the roles below may', async () => {
    const url = await serve(tokens);
    const status = async (token: string | undefined, method: string, path: string): Promise<number> => {
      const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
      return (await new RestClient(url, headers).ask(method, path)).status;
    };
    const acts = [
      ['GET', '/jobs'],
      ['PATCH', '/jobs/unknown'],
      ['DELETE', '/jars/unknown'],
    ] as const;
    const table = await Promise.all(
      [undefined, 'wrong', TOKENS.read, TOKENS.operate, TOKENS.submit].map((token) =>
        Promise.all(acts.map(([method, path]) => status(token, method, path))),
      ),
    );
    expect(table).toEqual([
      [401, 401, 401],
      [401, 401, 401],
      [200, 403, 403],
      [200, 404, 403],
      [200, 404, 400],
    ]);
  });

  it('when secrets are configured, then no surface shows them', async () => {
    const url = await serve({
      ...tokens,
      's3.secret-key': 'canary-secret',
      'nats.password': 'canary-secret',
    });
    const rest = new RestClient(url, { authorization: `Bearer ${TOKENS.submit}` });
    const answers = await Promise.all(
      [
        '/jobmanager/config',
        '/config',
        '/overview',
        '/jobmanager/environment',
        '/jobmanager/metrics',
        '/openapi.json',
      ].map((path) => rest.get(path)),
    );
    const shown = answers.map(({ text }) => text).join('\n');
    expect(answers.map(({ status }) => status)).toEqual(Array(6).fill(200));
    expect(shown).toContain('"s3.secret-key","value":"******"');
    for (const secret of ['canary', ...Object.values(TOKENS)]) expect(shown).not.toContain(secret);
  });
});

describe("the cluster's messages over REST", () => {
  const posted = async (
    entries: Record<string, string>,
    path: string,
    message: Record<string, unknown>,
  ): Promise<readonly [number, string]> => {
    const rest = new RestClient(await serve(entries));
    const { status, text } = await rest.ask('POST', path, { to: 'dispatcher', message });
    return [status, text];
  };
  const jobId = 'f'.repeat(32);

  it('when submission or cancellation over REST is off, then messages that do it are refused, too', async () => {
    const submit = { type: 'submitJob', module: { source: '' } };
    const off = await posted({ 'web.submit.enable': 'false' }, '/millrace/messages/submit', submit);
    expect(off).toEqual([403, expect.stringContaining('web.submit.enable')]);
    await cluster?.stop();
    const cancel = { type: 'cancelJob', jobId };
    const kept = await posted({ 'web.cancel.enable': 'false' }, '/millrace/messages/operate', cancel);
    expect(kept).toEqual([403, expect.stringContaining('web.cancel.enable')]);
  });

  it('when a message needs another role, is none, or has routes of its own, then it does not go through', async () => {
    expect((await posted({}, '/millrace/messages/read', { type: 'cancelJob', jobId }))[0]).toBe(403);
    for (const type of ['sampleThreads', 'startProfile', 'allocateSlot', '__proto__']) {
      await cluster?.stop();
      const answer = await posted({}, '/millrace/messages/operate', { type });
      expect(answer).toEqual([400, expect.stringContaining('that goes this way')]);
    }
  });
});

describe('REST beyond this machine', () => {
  it('when strangers could reach it, then it does not start, and says what to set', async () => {
    await expect(serve({ 'rest.bind-address': '0.0.0.0' })).rejects.toThrow(
      /rest\.auth\.submit-token.*rest\.allow-anonymous/,
    );
  });
});

describe('REST over TLS', () => {
  const files = (): Record<string, string> => ({
    'security.ssl.rest.enabled': 'true',
    'security.ssl.rest.cert-file': certificates.serverCert,
    'security.ssl.rest.key-file': certificates.serverKey,
  });

  /** The status, or how the connection failed. */
  async function ask(url: string, shown: boolean): Promise<number | string> {
    const ca = await readFile(certificates.ca);
    const own = shown
      ? { cert: await readFile(certificates.clientCert), key: await readFile(certificates.clientKey) }
      : {};
    return new Promise((resolve) => {
      const sent = request(`${url}/overview`, { ca, ...own, agent: false }, (response) => {
        response.resume();
        resolve(response.statusCode ?? 0);
      });
      sent.on('error', () => resolve('refused'));
      sent.end();
    });
  }

  it('when TLS is enabled, then https is served, and clients need not show a certificate', async () => {
    const url = await serve(files());
    expect(url).toMatch(/^https:/);
    expect(await ask(url, false)).toBe(200);
  });

  it('when clients must show a certificate, then only they are let in', async () => {
    const url = await serve({
      ...files(),
      'security.ssl.rest.authentication-enabled': 'true',
      'security.ssl.rest.ca-file': certificates.ca,
    });
    expect(await ask(url, true)).toBe(200);
    expect(await ask(url, false)).toBe('refused');
  });

  it('when a file of it is missing, then the key that names it is told', async () => {
    await expect(serve({ 'security.ssl.rest.enabled': 'true' })).rejects.toThrow(
      /needs security\.ssl\.rest\.cert-file/,
    );
  });
});
