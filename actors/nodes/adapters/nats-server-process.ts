import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { createWriteStream, mkdirSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ConfigurationError, ExternalError } from '../../../src/base/errors.ts';
import { NATS_SERVER_START_MS, NODE_STOP_MS } from '../../../src/base/limits.ts';
import { exitOf, stopProcess } from './child-process.ts';

export interface NatsServerOptions {
  readonly executable: string;
  /** Default: a free one. */
  readonly port?: number;
  /** Gets what the server logs. */
  readonly logFile: string;
  readonly signal: AbortSignal;
}

/** An own nats-server with JetStream on loopback; its data is in a temporary folder and goes with it. */
export class NatsServerProcess {
  readonly url: string;
  /** How the server ended. */
  readonly ended: Promise<string>;
  readonly #child: ChildProcess;
  readonly #folder: string;

  private constructor(url: string, child: ChildProcess, folder: string) {
    this.url = url;
    this.ended = exitOf(child);
    this.#child = child;
    this.#folder = folder;
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /**
   * @throws ConfigurationError when the port is in use, ExternalError with the server's last words when it does not start.
   */
  static async start(options: NatsServerOptions): Promise<NatsServerProcess> {
    const { executable, port, logFile, signal } = options;
    const folder = await mkdtemp(join(tmpdir(), 'millrace-nats-'));
    mkdirSync(dirname(logFile), { recursive: true });
    const args = ['-a', '127.0.0.1', '-p', String(port ?? -1), '-js', '-sd', join(folder, 'data')];
    // Its own process group: Ctrl-C in a terminal must not end it before the nodes that need it.
    const child = spawn(executable, [...args, '--ports_file_dir', folder], {
      stdio: ['ignore', 'ignore', 'pipe'],
      detached: true,
    });
    try {
      const url = await ready(child, folder, logFile, signal, port);
      return new NatsServerProcess(url, child, folder);
    } catch (error) {
      await stopProcess(child, NODE_STOP_MS);
      await rm(folder, { recursive: true, force: true });
      throw error;
    }
  }

  async stop(): Promise<void> {
    await stopProcess(this.#child, NODE_STOP_MS);
    await rm(this.#folder, { recursive: true, force: true });
  }
}

/** The server writes its ports to a file once it listens, which spares guessing a free one. */
async function ready(
  child: ChildProcess,
  folder: string,
  logFile: string,
  signal: AbortSignal,
  port: number | undefined,
): Promise<string> {
  const log = createWriteStream(logFile, { flags: 'a' });
  let said = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    log.write(chunk);
    if (said.length < 64_000) said += chunk.toString();
  });
  child.stderr?.on('end', () => log.end());
  log.on('error', () => {});
  let spawnError: Error | undefined;
  child.on('error', (error) => {
    spawnError = error;
  });
  const file = join(folder, `nats-server_${child.pid}.ports`);
  const deadline = performance.now() + NATS_SERVER_START_MS;
  while (performance.now() < deadline) {
    signal.throwIfAborted();
    if (spawnError !== undefined)
      throw new ExternalError('nats-server cannot be started', { cause: spawnError });
    const ports = await readFile(file, 'utf8').catch(() => '');
    const found = /"nats":\s*\[\s*"nats:\/\/127\.0\.0\.1:(\d+)"/.exec(ports)?.[1];
    if (found !== undefined && said.includes('Server is ready')) return `nats://127.0.0.1:${found}`;
    if (said.includes('address already in use')) {
      throw new ConfigurationError(
        `port ${port} of 127.0.0.1 is in use: give another --nats-port, or --nats <url> to use the server that runs there`,
      );
    }
    if (child.exitCode !== null || child.signalCode !== null) break;
    await sleep(10);
  }
  const words = said.trim().split('\n').slice(-3).join(' | ');
  throw new ExternalError(`nats-server did not start; its log is ${logFile}: ${words}`);
}
