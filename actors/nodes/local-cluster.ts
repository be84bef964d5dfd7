import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ExternalError } from '../../src/base/errors.ts';
import { CLUSTER_START_MS, NODE_STOP_MS } from '../../src/base/limits.ts';
import { Configuration } from '../../src/config/configuration.ts';
import { OPTIONS } from '../../src/config/options.ts';
import type { Logger } from '../../src/ports/logger.ts';
import { exitOf, isRunning, stopProcess } from './adapters/child-process.ts';
import { jobManagerFlags } from './adapters/job-manager-heap.ts';
import { NatsServerProcess } from './adapters/nats-server-process.ts';
import { cliArguments, obtainNatsServer } from './adapters/package-files.ts';
import { natsSpec } from './adapters/nats-connection.ts';
import { connectClient } from './connect-client.ts';
import { DEFAULT_CLUSTER } from './nats-environment.ts';

export interface LocalClusterOptions {
  /** TaskManager processes. */
  readonly taskManagers: number;
  /** Slots of each. */
  readonly slots: number;
  /** A NATS server that runs; default: an own one. */
  readonly nats?: string;
  /** Port of the own NATS server; default: a free one. */
  readonly natsPort?: number;
  readonly clusterId?: string;
  /** As the nodes get it by their arguments: of it count `nats.*`, and what the JobManager's process has to be started with. */
  readonly configuration?: Configuration;
  /** Options for all nodes, as on the command line: `-D`, `key=value`, `--config`, ... */
  readonly nodeArguments?: readonly string[];
  /** Gets `<role>.log` of each process. */
  readonly logDirectory: string;
  readonly logger: Logger;
  /** Ends the start when aborted. */
  readonly signal: AbortSignal;
}

interface NodeProcess {
  readonly role: string;
  readonly child: ChildProcess;
}

/** A cluster of processes on this machine: NATS server, one JobManager, TaskManagers. */
export class LocalCluster {
  readonly url: string;
  /** URL of the REST API, once the cluster has started. */
  restUrl: string | undefined;
  /** Settles, with the reason, when the cluster cannot go on: its JobManager or its NATS server has ended. */
  readonly failed: Promise<Error>;
  /** Settles when somebody has told its JobManager to end, over REST: the rest is to be stopped. */
  readonly ended: Promise<void>;
  readonly #options: LocalClusterOptions;
  readonly #server: NatsServerProcess | undefined;
  readonly #nodes: NodeProcess[] = [];
  readonly #fail: (error: Error) => void;
  readonly #end: () => void;
  #started = false;
  #stopping = false;

  private constructor(options: LocalClusterOptions, url: string, server: NatsServerProcess | undefined) {
    this.#options = options;
    this.url = url;
    this.#server = server;
    const { promise, resolve } = Promise.withResolvers<Error>();
    this.failed = promise;
    this.#fail = resolve;
    const { promise: ended, resolve: end } = Promise.withResolvers<void>();
    this.ended = ended;
    this.#end = end;
    void server?.ended.then((how) => {
      if (!this.#stopping) this.#fail(new ExternalError(`the nats-server ended with ${how}`));
    });
  }

  /**
   * Starts all processes and waits until every slot is registered.
   * @throws what kept one from starting; nothing is left running then.
   */
  static async start(options: LocalClusterOptions): Promise<LocalCluster> {
    const { signal, logDirectory, natsPort, logger } = options;
    let server: NatsServerProcess | undefined;
    if (options.nats === undefined) {
      const executable = await obtainNatsServer();
      const logFile = join(logDirectory, 'nats-server.log');
      server = await NatsServerProcess.start({
        executable,
        logFile,
        signal,
        ...(natsPort === undefined ? {} : { port: natsPort }),
      });
      logger.info('nats-server listens', { url: server.url, pid: server.pid });
    }
    const cluster = new LocalCluster(options, options.nats ?? (server as NatsServerProcess).url, server);
    try {
      cluster.#startNode('jobmanager', 'jobmanager');
      for (let i = 1; i <= options.taskManagers; i++) {
        cluster.#startNode('taskmanager', `taskmanager-${i}`, ['--slots', String(options.slots)]);
      }
      await Promise.race([cluster.#ready(), cluster.failed.then((error) => Promise.reject(error))]);
      cluster.#started = true;
      return cluster;
    } catch (error) {
      await cluster.stop();
      throw error;
    }
  }

  /** Stops TaskManagers, then the JobManager, then the own NATS server. No process is left. */
  async stop(): Promise<void> {
    this.#stopping = true;
    const taskManagers = this.#nodes.filter(({ role }) => role !== 'jobmanager');
    await Promise.all(taskManagers.map(({ child }) => stopProcess(child, NODE_STOP_MS)));
    await Promise.all(this.#nodes.map(({ child }) => stopProcess(child, NODE_STOP_MS)));
    await this.#server?.stop();
  }

  #startNode(verb: 'jobmanager' | 'taskmanager', role: string, more: readonly string[] = []): void {
    const { clusterId = DEFAULT_CLUSTER, logDirectory, nodeArguments = [], logger } = this.#options;
    const logFile = join(logDirectory, `${role}.log`);
    const args = ['--nats', this.url, '--cluster', clusterId, '--role', role, '--log-file', logFile];
    // Its own process group, so that Ctrl-C reaches the supervisor alone, which stops all in order; the IPC channel
    // tells the node should the supervisor die.
    const { configuration = Configuration.EMPTY } = this.#options;
    const flags = verb === 'jobmanager' ? jobManagerFlags(configuration) : [];
    const child = spawn(process.execPath, cliArguments(verb, [...args, ...more, ...nodeArguments], flags), {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      detached: true,
    });
    this.#nodes.push({ role, child });
    logger.info(`${role} starts`, { pid: child.pid, log: logFile });
    child.on('error', (error) =>
      this.#fail(new ExternalError(`${role} cannot be started`, { cause: error })),
    );
    void exitOf(child).then((how) => this.#onExit(role, child, how, logFile));
  }

  #onExit(role: string, child: ChildProcess, how: string, logFile: string): void {
    if (this.#stopping) return;
    const what = `${role} (pid ${child.pid}) ended with ${how}`;
    if (!this.#started)
      return this.#fail(new ExternalError(`${what} before the cluster was ready; its log is ${logFile}`));
    if (role === 'jobmanager' && child.exitCode === 0) return this.#end();
    if (role === 'jobmanager') return this.#fail(new ExternalError(`${what}; its log is ${logFile}`));
    const left = this.#nodes.filter((node) => node.role !== 'jobmanager' && isRunning(node.child)).length;
    this.#options.logger.error(`${what}; the cluster goes on`, { taskManagersLeft: left, log: logFile });
  }

  async #ready(): Promise<void> {
    const { clusterId = DEFAULT_CLUSTER, taskManagers, slots, signal } = this.#options;
    const { configuration = Configuration.EMPTY } = this.#options;
    const connection = await connectClient(
      { nats: natsSpec(this.url, configuration), clusterId },
      { settings: { timeoutMs: 1 } },
    );
    try {
      const deadline = performance.now() + CLUSTER_START_MS;
      let seen = 'no JobManager answers';
      while (performance.now() < deadline) {
        signal.throwIfAborted();
        const overview = await connection.client.overview().catch(() => undefined);
        if (overview !== undefined) {
          this.restUrl = overview.rest;
          const isServed = overview.rest !== undefined || !configuration.get(OPTIONS.restEnabled);
          const isComplete =
            overview.taskManagers >= taskManagers && overview.slotsTotal >= taskManagers * slots;
          if (isComplete && isServed) return;
          seen = isComplete
            ? 'the REST API does not listen'
            : `${overview.taskManagers} of ${taskManagers} TaskManagers are registered`;
        }
        await sleep(50, undefined, { signal }).catch(() => signal.throwIfAborted());
      }
      throw new ExternalError(
        `the cluster is not complete after ${CLUSTER_START_MS} ms: ${seen}; see the log files`,
      );
    } finally {
      await connection.close();
    }
  }
}
