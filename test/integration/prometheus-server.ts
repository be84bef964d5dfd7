import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

interface QueryAnswer {
  readonly status: string;
  readonly data: {
    readonly result: readonly {
      readonly metric: Readonly<Record<string, string>>;
      readonly value: readonly [number, string];
    }[];
  };
}

/** A real Prometheus that scrapes some targets each second, its data in a folder of its own. Ended by its process id. */
export class PrometheusServer {
  readonly #folder: string;
  readonly #process: ChildProcess;
  readonly #port: number;
  output = '';

  private constructor(folder: string, process: ChildProcess, port: number) {
    this.#folder = folder;
    this.#process = process;
    this.#port = port;
    process.stderr?.on('data', (chunk: Buffer) => {
      this.output += chunk.toString();
    });
  }

  /** @param programs the folder of its executable; @param targets `host:port`; @param rules files of rules */
  static async start(
    programs: string,
    targets: readonly string[],
    rules: readonly string[] = [],
  ): Promise<PrometheusServer> {
    const folder = await mkdtemp(join(tmpdir(), 'millrace-prometheus-'));
    const configuration = {
      global: { scrape_interval: '1s', evaluation_interval: '1s' },
      rule_files: rules,
      scrape_configs: [{ job_name: 'millrace', static_configs: [{ targets }] }],
    };
    const file = join(folder, 'prometheus.yml');
    // JSON is YAML.
    await writeFile(file, JSON.stringify(configuration));
    const port = await freePort();
    const child = spawn(
      join(programs, 'prometheus'),
      [
        `--config.file=${file}`,
        `--storage.tsdb.path=${join(folder, 'data')}`,
        `--web.listen-address=127.0.0.1:${port}`,
      ],
      { stdio: ['ignore', 'ignore', 'pipe'] },
    );
    return new PrometheusServer(folder, child, port);
  }

  /** Answers of an instant query; nothing while the server starts. */
  async query(expression: string): Promise<QueryAnswer['data']['result']> {
    const url = `http://127.0.0.1:${this.#port}/api/v1/query?query=${encodeURIComponent(expression)}`;
    const response = await fetch(url).catch(() => undefined);
    if (response?.ok !== true) return [];
    return ((await response.json()) as QueryAnswer).data.result;
  }

  async stop(): Promise<void> {
    if (this.#process.exitCode === null) {
      this.#process.kill('SIGTERM');
      await once(this.#process, 'exit');
    }
    await rm(this.#folder, { recursive: true, force: true });
  }
}

/** A loopback port that nobody listens on. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
