import { readFile } from 'node:fs/promises';
import { connect } from '@nats-io/transport-node';
import type { NatsConnection } from '@nats-io/transport-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CliProcess, cli, jobPath, until } from './cluster-under-test.ts';
import { NatsServer } from './nats-server.ts';

const PERMISSIONS = new URL('../../ops/nats/millrace.conf', import.meta.url);
const ROLES = ['jobmanager', 'taskmanager', 'client', 'watcher'] as const;
const INBOXES = { jobmanager: '_INBOX_jm', taskmanager: '_INBOX_tm', client: '_INBOX_client' } as const;
type Role = keyof typeof INBOXES;

/** The file as it is shipped, but for where the server listens and keeps its data, which the test decides. */
async function permissions(): Promise<string> {
  const shipped = await readFile(PERMISSIONS, 'utf8');
  return shipped.replaceAll(/^(?:host|port): .*$|^jetstream \{[^}]*\}/gm, '');
}

describe('permissions of ops/nats, on a real nats-server', () => {
  let nats: NatsServer;
  const nodes: CliProcess[] = [];

  const as = (role: Role): string[] => [
    ...['--nats', nats.url, '-D', `nats.user=${role}`, '-D', `nats.password=${role}-secret`],
    ...['-D', `nats.inbox-prefix=${INBOXES[role]}`],
  ];
  const connection = (role: Role | 'watcher'): Promise<NatsConnection> =>
    connect({ servers: nats.url, user: role, pass: `${role}-secret` });

  beforeAll(async () => {
    for (const role of ROLES) process.env[`MILLRACE_${role.toUpperCase()}_PASSWORD`] = `${role}-secret`;
    nats = await NatsServer.start({ config: await permissions() });
    nodes.push(new CliProcess(['jobmanager', ...as('jobmanager')]));
    for (const id of ['one', 'two'])
      nodes.push(
        new CliProcess([
          'taskmanager',
          '--slots',
          '1',
          '-D',
          `taskmanager.resource-id=${id}`,
          ...as('taskmanager'),
        ]),
      );
    await until('both TaskManagers are registered', async () => {
      const { lines } = await cli(['top', '--count', '1', '--json', ...as('client')]);
      return lines[0]?.['slotsAvailable'] === 2;
    });
  });

  afterAll(async () => {
    await Promise.all(nodes.map((node) => node.end('SIGTERM')));
    await nats?.stop();
  });

  it('when each role has its user, then a job runs over two TaskManagers, and no permission is missing', async () => {
    const { code, stderr } = await cli(['run', jobPath('word-count.ts'), '-p', '2', ...as('client')]);
    expect({ code, stderr }).toMatchObject({ code: 0 });
    for (const node of nodes) expect(node.stderr + node.stdout).not.toMatch(/permissions? violation/i);
  });

  it.each([
    ['taskmanager', 'publish', 'mr.default.dispatcher'],
    ['taskmanager', 'publish', '$JS.API.STREAM.DELETE.KV_millrace-default-metadata'],
    ['taskmanager', 'publish', '$KV.millrace-default-metadata.epoch'],
    ['taskmanager', 'subscribe', 'mr.default.dispatcher'],
    ['taskmanager', 'subscribe', '_INBOX_jm.>'],
    ['client', 'publish', 'mr.default.tm.one'],
    ['client', 'publish', 'mr.default.resourcemanager'],
    ['client', 'subscribe', 'mr.default.data.>'],
    ['client', 'subscribe', '_INBOX_jm.>'],
    ['jobmanager', 'subscribe', 'mr.default.data.>'],
    ['watcher', 'publish', 'mr.default.dispatcher'],
    ['watcher', 'subscribe', 'mr.default.tm.>'],
  ] as const)('when a %s tries to %s %s, then the server refuses', async (role, act, subject) => {
    const nc = await connection(role);
    try {
      const refused = (async () => {
        for await (const { type, error } of nc.status() as AsyncIterable<{ type: string; error?: Error }>)
          if (type === 'error') return error?.message ?? '';
        return 'the connection ended without an error';
      })();
      if (act === 'publish') nc.publish(subject);
      else void nc.subscribe(subject, { callback: () => {} });
      await nc.flush();
      expect(await refused).toMatch(/permissions violation/i);
    } finally {
      await nc.close();
    }
  });

  it('when a password is wrong, then the command says so at once', async () => {
    const { code, stderr } = await cli([
      'list',
      '--nats',
      nats.url,
      '-D',
      'nats.user=client',
      '-D',
      'nats.password=x',
    ]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/refused the credentials/);
    expect(stderr).not.toContain('-secret');
  });
});
