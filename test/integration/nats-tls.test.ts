import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeCertificates } from './certificates.ts';
import type { Certificates } from './certificates.ts';
import { CliProcess, cli, jobPath, until } from './cluster-under-test.ts';
import { NatsServer } from './nats-server.ts';

describe('a NATS server that verifies certificates of both sides', () => {
  let folder: string;
  let certificates: Certificates;
  let nats: NatsServer;
  const nodes: CliProcess[] = [];

  const shown = (): string[] => {
    const { ca, clientCert, clientKey } = certificates;
    return ['--nats', nats.url, '--tlsca', ca, '--tlscert', clientCert, '--tlskey', clientKey];
  };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'millrace-tls-'));
    certificates = await makeCertificates(folder);
    const { ca, serverCert, serverKey } = certificates;
    nats = await NatsServer.start({
      config: `tls { ca_file: "${ca}", cert_file: "${serverCert}", key_file: "${serverKey}", verify: true }`,
    });
    nodes.push(new CliProcess(['jobmanager', ...shown()]));
    for (const id of ['one', 'two'])
      nodes.push(
        new CliProcess(['taskmanager', '--slots', '1', '-D', `taskmanager.resource-id=${id}`, ...shown()]),
      );
    await until('both TaskManagers are registered', async () => {
      const { lines } = await cli(['top', '--count', '1', '--json', ...shown()]);
      return lines[0]?.['slotsAvailable'] === 2;
    });
  });

  afterAll(async () => {
    await Promise.all(nodes.map((node) => node.end('SIGTERM')));
    await nats?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  it('when nodes and client show theirs, then a job runs over two TaskManagers', async () => {
    const { code, stderr } = await cli(['run', jobPath('word-count.ts'), '-p', '2', ...shown()]);
    expect({ code, stderr }).toMatchObject({ code: 0 });
  });

  it('when the client does not know the authority, then it says at once which option has it', async () => {
    const { code, stderr } = await cli(['list', '--nats', nats.url]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/certificate of NATS at .* is not accepted: .*--tlsca/);
  });

  it('when a certificate has no key, then both options are named', async () => {
    const { code, stderr } = await cli(['list', '--nats', nats.url, '--tlscert', certificates.clientCert]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/nats\.tls\.cert-file and nats\.tls\.key-file belong together/);
  });
});
