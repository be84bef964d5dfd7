import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { ClusterClient, ClientConnection, JobDetails, JobId } from '../../actors/index.ts';
import { bundleJob, connectClient, isGloballyTerminal } from '../../actors/index.ts';
import { NatsServer } from './nats-server.ts';

const ENTRY = fileURLToPath(new URL('../../ops/bin/entry.mjs', import.meta.url));
const FLAGS = ['--conditions=millrace-source'];
const JOBS = new URL('./jobs/', import.meta.url);

/** Path of a job module beside the tests. */
export function jobPath(name: string): string {
  return fileURLToPath(new URL(name, JOBS));
}

/** Short times, so that losses are noticed within seconds. */
export const QUICK = [
  '-D',
  'heartbeat.interval=200ms',
  '-D',
  'heartbeat.timeout=3s',
  '-D',
  'cluster.registration.error-delay=200ms',
];

export interface ProgramOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
}

/** A Node program as a process of its own. */
export class Program {
  readonly child: ChildProcess;
  stdout = '';
  stderr = '';
  /** Settles when the process has ended and its output is read. */
  readonly ended: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>;
  #changed: () => void = () => {};

  constructor(args: readonly string[], options: ProgramOptions = {}) {
    this.child = spawn(process.execPath, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      cwd: options.cwd,
      env: { ...process.env, NO_COLOR: '1', MILLRACE_CONF_DIR: '', ...options.env },
    });
    this.child.stdout?.on('data', (chunk: Buffer) => {
      this.stdout += chunk.toString();
      this.#changed();
    });
    this.child.stderr?.on('data', (chunk: Buffer) => {
      this.stderr += chunk.toString();
      this.#changed();
    });
    this.ended = once(this.child, 'close').then(() => {
      this.#changed();
      return { code: this.child.exitCode, signal: this.child.signalCode };
    });
  }

  get pid(): number {
    return this.child.pid as number;
  }

  get isRunning(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  /** Waits until its output matches. @throws with the output when the process ends before. */
  async says(pattern: RegExp, stream: 'stdout' | 'stderr' = 'stdout'): Promise<RegExpExecArray> {
    for (;;) {
      const found = pattern.exec(this[stream]);
      if (found !== null) return found;
      if (!this.isRunning)
        throw new Error(`ended without saying ${String(pattern)}:\n${this.stdout}\n${this.stderr}`);
      await new Promise<void>((resolve) => {
        this.#changed = resolve;
      });
    }
  }

  /** Objects of `--json`. */
  get lines(): Record<string, unknown>[] {
    return this.stdout
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  }

  async end(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    if (this.isRunning) {
      if (signal === 'SIGKILL') this.child.kill('SIGCONT');
      this.child.kill(signal);
    }
    await this.ended;
  }
}

/** A command of `millrace` as a process of its own. */
export class CliProcess extends Program {
  constructor(args: readonly string[], options: ProgramOptions = {}) {
    super([...FLAGS, ENTRY, ...args], options);
  }
}

/** Runs a command to its end. */
export async function cli(
  args: readonly string[],
  options: ProgramOptions = {},
): Promise<{ code: number | null; stdout: string; stderr: string; lines: Record<string, unknown>[] }> {
  const process_ = new CliProcess(args, options);
  const { code } = await process_.ended;
  return { code, stdout: process_.stdout, stderr: process_.stderr, lines: process_.lines };
}

export interface ClusterUnderTestOptions {
  readonly taskManagers?: number;
  readonly slots?: number;
  /** Where TaskManagers find NATS, if not at the server itself. */
  readonly taskManagersConnectTo?: (nats: NatsServer) => Promise<string>;
  readonly arguments?: readonly string[];
}

/** A real nats-server, one JobManager process, TaskManager processes `tm-1`, `tm-2`... */
export class ClusterUnderTest {
  readonly nats: NatsServer;
  readonly folder: string;
  readonly client: ClusterClient;
  readonly taskManagers = new Map<string, CliProcess>();
  readonly #connection: ClientConnection;
  readonly #options: ClusterUnderTestOptions;
  readonly #jobManagers: CliProcess[] = [];
  #jobManager: CliProcess | undefined;
  #taskManagersNats: string | undefined;

  private constructor(
    nats: NatsServer,
    folder: string,
    connection: ClientConnection,
    options: ClusterUnderTestOptions,
  ) {
    this.nats = nats;
    this.folder = folder;
    this.#connection = connection;
    this.client = connection.client;
    this.#options = options;
  }

  static async start(options: ClusterUnderTestOptions = {}): Promise<ClusterUnderTest> {
    const nats = await NatsServer.start();
    const folder = await mkdtemp(join(tmpdir(), 'millrace-cluster-'));
    const connection = await connectClient({ nats: { servers: nats.url }, clusterId: 'test' });
    const cluster = new ClusterUnderTest(nats, folder, connection, options);
    cluster.#taskManagersNats = await options.taskManagersConnectTo?.(nats);
    cluster.startJobManager();
    for (let i = 1; i <= (options.taskManagers ?? 2); i++) cluster.startTaskManager(`tm-${i}`);
    await cluster.untilRegistered(options.taskManagers ?? 2);
    return cluster;
  }

  get jobManager(): CliProcess {
    if (this.#jobManager === undefined) throw new Error('no JobManager was started');
    return this.#jobManager;
  }

  /** @param role names its log */
  startJobManager(role = 'jobmanager'): CliProcess {
    this.#jobManager = this.#start('jobmanager', ['--log-file', this.logFile(role)]);
    this.#jobManagers.push(this.#jobManager);
    return this.#jobManager;
  }

  startTaskManager(id: string): CliProcess {
    const slots = String(this.#options.slots ?? 2);
    const own = ['--slots', slots, '-D', `taskmanager.resource-id=${id}`, '--log-file', this.logFile(id)];
    const started = this.#start('taskmanager', own, this.#taskManagersNats);
    this.taskManagers.set(id, started);
    return started;
  }

  logFile(role: string): string {
    return join(this.folder, `${role}.log`);
  }

  /** Log lines of a JobManager with this message. */
  async logged(message: string, role = 'jobmanager'): Promise<Record<string, unknown>[]> {
    const text = await readFile(this.logFile(role), 'utf8').catch(() => '');
    const lines = text.split('\n').filter((line) => line !== '');
    return lines
      .map((line) => JSON.parse(line) as Record<string, unknown>)
      .filter(({ msg }) => msg === message);
  }

  /** Waits until so many TaskManagers are registered with all of their slots free. */
  async untilRegistered(taskManagers: number): Promise<void> {
    const slots = this.#options.slots ?? 2;
    await until(`${taskManagers} TaskManagers with free slots`, async () => {
      const overview = await this.client.overview();
      return overview.taskManagers === taskManagers && overview.slotsAvailable === taskManagers * slots;
    });
  }

  /** Bundles a module, stores it and submits it. */
  async submit(module: string, configuration: Readonly<Record<string, string>> = {}): Promise<JobId> {
    const { source } = await bundleJob(module);
    const sha256 = await this.#connection.putArtifact(source);
    const jobId = this.client.newJobId();
    await this.client.submit({ jobId, module: { sha256 }, configuration });
    return jobId;
  }

  /** Submits a module's text as it stands. */
  async submitSource(source: string, configuration: Readonly<Record<string, string>> = {}): Promise<JobId> {
    const jobId = this.client.newJobId();
    await this.client.submit({ jobId, module: { source }, configuration });
    return jobId;
  }

  /** Waits until a job satisfies a condition. */
  async untilJob(jobId: JobId, what: string, holds: (job: JobDetails) => boolean): Promise<JobDetails> {
    let job: JobDetails | undefined;
    await until(
      `job: ${what}`,
      async () => holds((job = await this.client.details(jobId))),
      () => `${job === undefined ? 'The job is not known.' : describeJob(job)}${this.#crashes()}`,
    );
    return job as JobDetails;
  }

  /** Waits until a job has ended; @throws with its state when it does not. */
  untilEnded(jobId: JobId): Promise<JobDetails> {
    return this.untilJob(jobId, 'ended', ({ status }) => isGloballyTerminal(status));
  }

  /** Ends all processes and removes what they wrote. */
  async stop(): Promise<void> {
    await this.#connection.close();
    const nodes = [...this.taskManagers.values(), ...this.#jobManagers];
    await Promise.all(nodes.map((node) => node.end()));
    await this.nats.stop();
    await rm(this.folder, { recursive: true, force: true });
  }

  /** Nodes that ended by themselves, with their last words. */
  #crashes(): string {
    const nodes = [...this.taskManagers, ['jobmanager', this.jobManager] as const];
    return nodes
      .filter(([, { child }]) => child.exitCode !== null && child.exitCode !== 0)
      .map(([id, { child, stderr }]) => `\n${id} ended with code ${child.exitCode}: ${stderr.slice(-1_000)}`)
      .join('');
  }

  #start(verb: string, args: readonly string[], nats = this.nats.url): CliProcess {
    const address = ['--nats', nats, '--cluster', 'test'];
    const options = [...address, ...QUICK, ...(this.#options.arguments ?? []), ...args];
    // What a killed process leaves behind goes with the folder.
    return new CliProcess([verb, ...options], { env: { TMPDIR: this.folder } });
  }
}

/** What a person needs to see of a job that does not do what a test awaits. */
function describeJob({ status, restarts, failure, vertices }: JobDetails): string {
  const subtasks = vertices.flatMap(({ name, subtasks }) =>
    subtasks.map(({ subtaskIndex, state, attempt, taskManagerId, counters }) =>
      [name, subtaskIndex, state, attempt, taskManagerId, counters?.numRecordsIn].join(' '),
    ),
  );
  return `It is ${status} after ${restarts} restarts (${failure?.message ?? 'no failure'}): ${subtasks.join('; ')}`;
}

const PATIENCE_MS = 45_000;

/** Polls a condition; @throws with what was awaited when it does not come true. */
export async function until(
  what: string,
  holds: () => Promise<boolean>,
  seen: () => string = () => '',
): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`waited ${PATIENCE_MS} ms for: ${what}. ${seen()}`);
    await sleep(25);
  }
}

/** Whether a process exists. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
