import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { S3_PART_BYTES_MIN } from '../../src/base/limits.ts';
import { Secret } from '../../src/base/secret.ts';
import type { S3Settings } from '../../src/storage/s3/settings.ts';

const START_TIMEOUT_MS = 20_000;
export const SECRET_KEY = 'correct-horse-battery-staple';

/** A real S3 server (versitygw) on a loopback port, its data in a folder of its own. Ended by its process id. */
export class S3Server {
  readonly #folder: string;
  readonly #process: ChildProcess;
  readonly #port: number;

  private constructor(folder: string, process: ChildProcess, port: number) {
    this.#folder = folder;
    this.#process = process;
    this.#port = port;
  }

  static async start(executable: string): Promise<S3Server> {
    const folder = await mkdtemp(join(tmpdir(), 'millrace-s3-'));
    const port = await freePort();
    const access = ['--access', 'millrace', '--secret', SECRET_KEY];
    const child = spawn(executable, ['--quiet', '--port', `127.0.0.1:${port}`, ...access, 'posix', folder], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const server = new S3Server(folder, child, port);
    try {
      await server.#ready();
    } catch (error) {
      await server.stop();
      throw error;
    }
    return server;
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  get port(): number {
    return this.#port;
  }

  settings(changes: Partial<S3Settings> = {}): S3Settings {
    return {
      endpoint: `http://127.0.0.1:${this.#port}`,
      region: undefined,
      accessKey: new Secret('millrace'),
      secretKey: new Secret(SECRET_KEY),
      sessionToken: undefined,
      pathStyleAccess: true,
      partSizeBytes: S3_PART_BYTES_MIN,
      concurrentUploads: 2,
      ...changes,
    };
  }

  /** A folder of the server's own is a bucket. */
  async newBucket(name: string): Promise<void> {
    await mkdir(join(this.#folder, name));
  }

  /** Entries in the folder of a bucket. */
  entries(bucket: string): Promise<string[]> {
    return readdir(join(this.#folder, bucket));
  }

  async stop(): Promise<void> {
    if (this.#process.exitCode === null && this.#process.signalCode === null) {
      const exited = once(this.#process, 'exit');
      this.#process.kill('SIGKILL');
      await exited;
    }
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #ready(): Promise<void> {
    let output = '';
    this.#process.stderr?.on('data', (chunk: Buffer) => (output += chunk.toString()));
    const deadline = performance.now() + START_TIMEOUT_MS;
    while (performance.now() < deadline && this.#process.exitCode === null) {
      const answer = await fetch(`http://127.0.0.1:${this.#port}/`).catch(() => undefined);
      if (answer !== undefined) return;
      await sleep(20);
    }
    throw new Error(`the S3 server did not start:\n${output}`);
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
