import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { findNatsServer } from '../../ops/setup/nats-server.mjs';

export interface NatsServerOptions {
  /** Lines of the server's configuration file, say an `authorization` block. */
  readonly config?: string;
  /** Default true. */
  readonly jetstream?: boolean;
  /** Another executable than the one found. */
  readonly executable?: string;
}

const START_TIMEOUT_MS = 20_000;

/** A real nats-server on a free loopback port, its data in a folder of its own. Ended by its process id. */
export class NatsServer {
  readonly #folder: string;
  readonly #options: NatsServerOptions;
  #process: ChildProcess | undefined;
  #port = -1;

  private constructor(folder: string, options: NatsServerOptions) {
    this.#folder = folder;
    this.#options = options;
  }

  static async start(options: NatsServerOptions = {}): Promise<NatsServer> {
    const folder = await mkdtemp(join(tmpdir(), 'millrace-nats-'));
    await writeFile(join(folder, 'server.conf'), options.config ?? '');
    const server = new NatsServer(folder, options);
    try {
      await server.#launch();
    } catch (error) {
      await server.stop();
      throw error;
    }
    return server;
  }

  get url(): string {
    return `nats://127.0.0.1:${this.#port}`;
  }

  get port(): number {
    return this.#port;
  }

  get pid(): number | undefined {
    return this.#process?.pid;
  }

  /** kill -9: the port is refused from then on; the data stays. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  /** Starts again on the same port with the same data, after `kill` or by ending the running one. */
  async restart(): Promise<void> {
    await this.#end('SIGTERM');
    await this.#launch();
  }

  /** Stops the process in its tracks: connections stay open and nothing answers. */
  pause(): void {
    this.#process?.kill('SIGSTOP');
  }

  resume(): void {
    this.#process?.kill('SIGCONT');
  }

  /** Ends the server and removes its data. */
  async stop(): Promise<void> {
    await this.#end('SIGKILL');
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGCONT');
    child.kill(signal);
    await exited;
  }

  async #launch(): Promise<void> {
    const executable = this.#options.executable ?? process.env['MILLRACE_NATS_SERVER'] ?? findNatsServer();
    if (executable === undefined)
      throw new Error('no nats-server on this machine; see ops/setup/nats-server.mjs');
    const args = ['-a', '127.0.0.1', '-p', String(this.#port), '--ports_file_dir', this.#folder];
    args.push('-c', join(this.#folder, 'server.conf'));
    if (this.#options.jetstream !== false) args.push('-js', '-sd', join(this.#folder, 'data'));
    const child = spawn(executable, args, { stdio: ['ignore', 'ignore', 'pipe'] });
    this.#process = child;
    let output = '';
    child.stderr?.on('data', (chunk: Buffer) => {
      output = (output + chunk.toString()).slice(-4_000);
    });
    await this.#ready(child, () => output);
  }

  /** The server writes its ports to a file once it listens, which spares guessing a free one. */
  async #ready(child: ChildProcess, output: () => string): Promise<void> {
    const file = join(this.#folder, `nats-server_${child.pid}.ports`);
    const deadline = performance.now() + START_TIMEOUT_MS;
    while (performance.now() < deadline && child.exitCode === null) {
      const ports = await readFile(file, 'utf8').catch(() => '');
      const port = /"nats":\s*\[\s*"(?:nats|tls):\/\/127\.0\.0\.1:(\d+)"/.exec(ports)?.[1];
      if (port !== undefined && output().includes('Server is ready')) {
        this.#port = Number(port);
        return;
      }
      await sleep(10);
    }
    throw new Error(`nats-server did not start:\n${output()}`);
  }
}
