import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import postgres from 'postgres';
import { makeCertificates } from './certificates.ts';

const START_TIMEOUT_MS = 60_000;
/** Where Debian puts what it does not put on the PATH. */
const DEBIAN = '/usr/lib/postgresql';

/** The folder of `postgres` and `initdb`, or why there is none. */
export function findPostgres(): { readonly folder: string } | { readonly missing: string } {
  const debian = existsSync(DEBIAN)
    ? readdirSync(DEBIAN)
        .toSorted((a, b) => Number(b) - Number(a))
        .map((version) => join(DEBIAN, version, 'bin'))
    : [];
  const folder = [...(process.env['PATH'] ?? '').split(delimiter), ...debian].find(
    (candidate) => existsSync(join(candidate, 'initdb')) && existsSync(join(candidate, 'postgres')),
  );
  if (folder === undefined)
    return {
      missing: 'no PostgreSQL server on this machine: install it (Debian: apt-get install postgresql)',
    };
  if (process.getuid?.() === 0 && otherUser() === undefined)
    return { missing: 'PostgreSQL does not run as root, and there is no user "postgres" or "nobody"' };
  return { folder };
}

/** Whom to run the server as: it refuses to run as root. */
function otherUser(): { readonly uid: number; readonly gid: number } | undefined {
  const users = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'));
  const user = ['postgres', 'nobody'].map((name) => users.find(([known]) => known === name)).find(Boolean);
  return user === undefined ? undefined : { uid: Number(user[2]), gid: Number(user[3]) };
}

/** A real PostgreSQL server on a free loopback port, its data in a folder of its own. Ended by its process id. */
export class PostgresServer {
  readonly #folder: string;
  readonly #programs: string;
  readonly #port: number;
  readonly #user: { readonly uid: number; readonly gid: number } | object;
  readonly #settings: string[];
  #process: ChildProcess | undefined;

  private constructor(folder: string, programs: string, port: number) {
    this.#folder = folder;
    this.#programs = programs;
    this.#port = port;
    this.#settings = [`port=${port}`, 'listen_addresses=127.0.0.1', 'unix_socket_directories='];
    this.#user = process.getuid?.() === 0 ? (otherUser() ?? {}) : {};
  }

  static async start(): Promise<PostgresServer> {
    const found = findPostgres();
    if ('missing' in found) throw new Error(found.missing);
    const folder = mkdtempSync(join(tmpdir(), 'millrace-postgres-'));
    const server = new PostgresServer(folder, found.folder, await freePort());
    try {
      server.#initialize();
      await server.#launch();
    } catch (error) {
      await server.stop();
      throw error;
    }
    return server;
  }

  get url(): string {
    return `postgres://test:secret@127.0.0.1:${this.#port}/postgres`;
  }

  /** Lets clients encrypt from now on; the file of the authority that signed its certificate, for `localhost`. */
  async encrypt(): Promise<string> {
    const data = join(this.#folder, 'data');
    const { ca, serverCert, serverKey } = await makeCertificates(data);
    if ('uid' in this.#user)
      for (const file of [serverCert, serverKey]) chownSync(file, this.#user.uid, this.#user.gid);
    this.#settings.push('ssl=on', `ssl_cert_file=${serverCert}`, `ssl_key_file=${serverKey}`);
    await this.restart();
    return ca;
  }

  /** kill -9, as a crash of the host would. */
  async kill(): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  }

  async restart(): Promise<void> {
    await this.kill();
    await this.#launch();
  }

  async stop(): Promise<void> {
    await this.kill();
    await sleep(200);
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 10 });
  }

  #initialize(): void {
    if ('uid' in this.#user) chownSync(this.#folder, this.#user.uid, this.#user.gid);
    const { status, stderr } = spawnSync(
      join(this.#programs, 'initdb'),
      [
        '-D',
        join(this.#folder, 'data'),
        '-U',
        'test',
        '--auth=trust',
        '-E',
        'UTF8',
        '--no-sync',
        '--locale=C',
      ],
      { ...this.#user, encoding: 'utf8', cwd: this.#folder, env: { PATH: process.env['PATH'] ?? '' } },
    );
    if (status !== 0) throw new Error(`initdb failed: ${stderr}`);
  }

  async #launch(): Promise<void> {
    const child = spawn(
      join(this.#programs, 'postgres'),
      ['-D', join(this.#folder, 'data'), ...this.#settings.flatMap((setting) => ['-c', setting])],
      { ...this.#user, cwd: this.#folder, stdio: ['ignore', 'ignore', 'pipe'], env: {} },
    );
    this.#process = child;
    let output = '';
    child.stderr?.on('data', (chunk: Buffer) => (output = (output + chunk.toString()).slice(-4_000)));
    const deadline = performance.now() + START_TIMEOUT_MS;
    while (performance.now() < deadline && child.exitCode === null) {
      if (await this.#answers()) return;
      await sleep(50);
    }
    throw new Error(`PostgreSQL did not start:\n${output}`);
  }

  async #answers(): Promise<boolean> {
    const sql = postgres(this.url, { max: 1, connect_timeout: 2 });
    try {
      await sql`SELECT 1`;
      return true;
    } catch {
      return false;
    } finally {
      await sql.end({ timeout: 0 });
    }
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
