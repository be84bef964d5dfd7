import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ClusterUnderTest, cli, jobPath, until } from './cluster-under-test.ts';

let cluster: ClusterUnderTest;
let folder: string;
let rest: string;

const SECRETS = { read: 'r-secret', operate: 'o-secret', submit: 's-secret' };

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-over-rest-'));
  const tokens = Object.entries(SECRETS).flatMap(([role, token]) => [
    '-D',
    `rest.auth.${role}-token=${token}`,
  ]);
  cluster = await ClusterUnderTest.start({ taskManagers: 1, slots: 2, arguments: tokens });
  await until('the REST API listens', async () => (await cluster.client.overview()).rest !== undefined);
  rest = new URL((await cluster.client.overview()).rest ?? '').host;
  for (const [role, token] of Object.entries(SECRETS)) await writeFile(join(folder, role), `${token}\n`);
});

afterAll(async () => {
  await cluster?.stop();
  await rm(folder, { recursive: true });
});

type Outcome = Awaited<ReturnType<typeof cli>>;

/** The same command by both ways. */
const byNats = (...args: string[]): Promise<Outcome> =>
  cli([...args, '--nats', cluster.nats.url, '--cluster', 'test', '--json']);
const byRest = (role: keyof typeof SECRETS, ...args: string[]): Promise<Outcome> =>
  cli([...args, '-m', rest, '--token-file', join(folder, role), '--json']);

describe('the command line over REST', () => {
  it('when a job is run, looked at, saved and canceled, then it goes as over NATS', async () => {
    const started = await byRest('submit', 'run', jobPath('endless.ts'), '-d', '-p', '2');
    expect(started.code, started.stderr).toBe(0);
    const { jobId } = started.lines[0] as { jobId: string };
    await until('all tasks run', async () => {
      const { tasksRunning, tasksTotal } = await cluster.client.details(jobId as never);
      return tasksRunning === tasksTotal;
    });
    const shape = (value: unknown): unknown =>
      Array.isArray(value)
        ? value.slice(0, 1).map(shape)
        : typeof value === 'object' && value !== null
          ? Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, shape(inner)]))
          : typeof value;
    for (const verb of [
      ['list'],
      ['status', jobId],
      ['checkpoints', jobId],
      ['top', '--count', '1'],
      ['logs', '--list'],
    ]) {
      const [nats, over] = [await byNats(...verb), await byRest('read', ...verb)];
      expect([verb, over.code, over.stderr]).toEqual([verb, 0, '']);
      expect(over.lines.map(shape)).toEqual(nats.lines.map(shape));
    }
    const logs = await byRest('read', 'logs', 'tm-1');
    expect(logs.stdout).toContain('taskmanager runs');
    const saved = await byRest('operate', 'savepoint', jobId, join(folder, 'saved'));
    expect(saved.code, saved.stderr).toBe(0);
    const { location } = saved.lines[0] as { location: string };
    expect((await readFile(join(location, '_metadata'))).length).toBeGreaterThan(0);
    const refused = await byRest('read', 'cancel', jobId);
    expect([refused.code, refused.stderr]).toEqual([
      1,
      expect.stringMatching(/needs one that may operate.*--token-file/),
    ]);
    const canceled = await byRest('operate', 'cancel', jobId);
    expect(canceled.code, canceled.stderr).toBe(0);
    await until(
      'it has ended',
      async () => (await cluster.client.details(jobId as never)).status === 'CANCELED',
    );
  });

  it('when a job that ends is followed, then its end is reported', async () => {
    const { code, lines, stderr } = await byRest('submit', 'run', jobPath('word-count.ts'));
    expect(code, stderr).toBe(0);
    expect(lines.at(-1)).toMatchObject({ status: 'FINISHED' });
  });

  it('when the token is missing, the job unknown, or nobody is there, then what is wrong is said, and how to cure it', async () => {
    const without = await cli(['list', '-m', rest]);
    expect([without.code, without.stderr]).toEqual([1, expect.stringContaining('MILLRACE_TOKEN')]);
    const withToken = await cli(['list', '-m', `http://${rest}`], { env: { MILLRACE_TOKEN: SECRETS.read } });
    expect(withToken.code, withToken.stderr).toBe(0);
    const unknown = await byRest('read', 'status', 'f'.repeat(32));
    expect([unknown.code, unknown.stderr]).toEqual([1, expect.stringContaining('there is no job')]);
    const nobody = await cli(['list', '-m', '127.0.0.1:1']);
    expect([nobody.code, nobody.stderr]).toEqual([
      1,
      expect.stringMatching(/127\.0\.0\.1:1.*ECONNREFUSED.*rest\.port/),
    ]);
    const malformed = await cli(['list', '-m', 'ftp://somewhere']);
    expect([malformed.code, malformed.stderr]).toEqual([
      2,
      expect.stringContaining('no address of a REST API'),
    ]);
    const both = await cli(['run', jobPath('word-count.ts'), '-m', rest, '--nats', cluster.nats.url]);
    expect(both.code).toBe(2);
  });

  it('when a doctor is asked, then it looks at the cluster without its NATS server', async () => {
    const { lines, stderr } = await byRest('read', 'doctor');
    expect(stderr).toBe('');
    expect(JSON.stringify(lines)).toContain('slots');
    expect(JSON.stringify(lines)).not.toContain('nats-server');
  });
});
