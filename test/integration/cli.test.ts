import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { ProgramOptions } from './cluster-under-test.ts';
import {
  CliProcess,
  ClusterUnderTest,
  Program,
  QUICK,
  cli,
  isAlive,
  jobPath,
  until,
} from './cluster-under-test.ts';
import { NatsServer } from './nats-server.ts';

const WORD_COUNT = jobPath('word-count.ts');
const NOWHERE = 'nats://127.0.0.1:1';

let folder: string;
const started: Program[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-cli-'));
});

afterEach(async () => {
  await Promise.all(started.splice(0).map((process_) => process_.end('SIGTERM')));
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

function start(args: readonly string[], options: ProgramOptions = {}): CliProcess {
  // What a killed process leaves behind goes with the folder.
  const process_ = new CliProcess(args, { ...options, env: { TMPDIR: folder, ...options.env } });
  started.push(process_);
  return process_;
}

describe('wrong usage', () => {
  it.each([
    ['an unknown command', ['frobnicate'], /unknown command 'frobnicate'/],
    ['a misspelt command', ['lst'], /Did you mean list\?/],
    ['no module', ['run'], /missing required argument 'module'/],
    [
      'an unknown option',
      ['run', 'x.ts', '--paralelism', '2'],
      /unknown option '--paralelism'.*--parallelism/s,
    ],
    [
      'a parallelism of 0',
      ['run', 'x.ts', '-p', '0'],
      /'-p, --parallelism <n>' argument '0' is invalid.*at least 1/s,
    ],
    [
      'an unknown key',
      ['run', 'x.ts', '-D', 'heartbeat.intervall=1s'],
      /did you mean "heartbeat\.interval"\?/,
    ],
    [
      'a bad value',
      ['run', 'x.ts', '-D', 'heartbeat.interval=soon'],
      /heartbeat\.interval: "soon" is not a duration/,
    ],
    [
      'memory that does not add up',
      ['taskmanager', '--nats', NOWHERE, '-D', 'taskmanager.memory.process.size=300mb'],
      /taskmanager\.memory\.process\.size: of 300 MB nothing is left/,
    ],
    [
      'a REST API that is open to strangers',
      ['jobmanager', '--nats', NOWHERE, '-D', 'rest.bind-address=0.0.0.0'],
      /rest\.bind-address: .* set tokens/,
    ],
    ['-D without a value', ['run', 'x.ts', '-D', 'heartbeat.interval'], /expected key=value/],
    ['-d without a cluster', ['run', 'x.ts', '-d'], /-d needs --nats/],
    [
      '--slots on a cluster',
      ['run', 'x.ts', '--nats', NOWHERE, '--slots', '2'],
      /leave them out with --nats/,
    ],
    ['a URL that is none', ['list', '--nats', 'http://x:y'], /is not a NATS URL/],
    [
      'a cluster id that is none',
      ['list', '--nats', NOWHERE, '--cluster', 'a.b'],
      /"a\.b" is not a cluster id/,
    ],
    [
      'a missing configuration file',
      ['run', 'x.ts', '--config', 'no.yaml'],
      /there is no configuration file no\.yaml/,
    ],
    [
      'an own port with --nats',
      ['cluster', '--nats', NOWHERE, '--nats-port', '4'],
      /leave it out with --nats/,
    ],
  ])('when %s is given, then it ends with 2 and says what is wrong', async (_, args, message) => {
    const { code, stdout, stderr } = await cli(args);
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/^\s+at /m);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  });
});

describe('millrace run, embedded', () => {
  it('when a job finishes, then it ends with 0 and a table of its vertices, without escapes off a terminal', async () => {
    const { code, stdout, stderr } = await cli(['run', WORD_COUNT, '-p', '2']);
    expect(code).toBe(0);
    expect(stdout).toBe('');
    expect(stderr).toMatch(/count -> Collect +FINISHED 2 +1,900 +1,900/);
    expect(stderr).toMatch(/Job "word count" \([0-9a-f]{32}\) is FINISHED, it took/);
    expect(stderr).toBe(stripVTControlCharacters(stderr));
  });

  it('when colours are forced, then they are used', async () => {
    const { stderr } = await cli(['run', WORD_COUNT], { env: { NO_COLOR: '', FORCE_COLOR: '1' } });
    expect(stderr).not.toBe(stripVTControlCharacters(stderr));
  });

  it('when --json is given, then each line is an object, from submission to result', async () => {
    const { code, stdout, lines } = await cli(['run', WORD_COUNT, '-p', '2', '--json']);
    expect(code).toBe(0);
    expect(lines).toHaveLength(stdout.trimEnd().split('\n').length);
    expect(lines[0]).toMatchObject({ type: 'jobSubmitted', name: 'word count' });
    const changes = lines.filter(({ type }) => type === 'jobStatusChanged');
    expect(changes.at(-1)).toMatchObject({ to: 'FINISHED' });
    expect(lines.some(({ type, recordsOut }) => type === 'vertexProgress' && recordsOut === 100)).toBe(true);
    expect(lines.at(-1)).toMatchObject({ type: 'jobEnded', status: 'FINISHED', restarts: 0, results: 1_900 });
  });

  it('when config.yaml and -D set options, then both hold and -D wins', async () => {
    await writeFile(
      join(folder, 'config.yaml'),
      'pipeline:\n  name: from the file\nparallelism.default: 3\n',
    );
    const { lines } = await cli(['info', WORD_COUNT, '--json', '-D', 'parallelism.default=2'], {
      env: { MILLRACE_CONF_DIR: folder },
    });
    expect(lines[0]).toMatchObject({ type: 'jobPlan', name: 'from the file', slots: 2 });
  });

  it('when the job fails, then it ends with 1 and one line says operator, record and cause; --verbose adds stacks', async () => {
    const quiet = await cli(['run', jobPath('throws.ts')]);
    expect(quiet.code).toBe(1);
    expect(quiet.stderr).toMatch(
      /^millrace: .*operator "parse" \(subtask 1\/1\) failed.*"not a number".*cannot parse/m,
    );
    expect(quiet.stderr).not.toMatch(/^\s+at /m);
    const verbose = await cli(['run', jobPath('throws.ts'), '--verbose']);
    expect(verbose.stderr).toMatch(/at .*throws\.ts:\d+/);
  });

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('when %s comes, then the job is canceled and it ends with %i', async (signal, code) => {
    const running = start(['run', jobPath('endless.ts'), '-p', '2', '--json']);
    await running.says(/"recordsOut":[1-9]/);
    await running.end(signal);
    expect(await running.ended).toEqual({ code, signal: null });
    expect(running.lines.at(-1)).toMatchObject({ type: 'jobEnded', status: 'CANCELED' });
    expect(running.stderr).toContain('Canceling the job');
  });
});

describe('millrace run with reporters of metrics', () => {
  const measured = [
    ...['run', jobPath('measured.ts'), '-p', '1', '-D', 'metrics.reporters=log'],
    ...['-D', 'metrics.reporter.log.filter.includes=*:processed_count'],
    ...['-D', 'pipeline.global-job-parameters.count=4000', '-D', 'pipeline.global-job-parameters.rate=1000'],
  ];

  it('when it is told to log metrics, then they stand on the standard error while the job runs', async () => {
    const { code, stdout, stderr } = await cli([...measured, '-D', 'metrics.reporter.log.interval=500 ms']);
    expect(code).toBe(0);
    expect(stderr).toMatch(/metrics scope=".*measured.*" metrics=\{"processed_count":[1-9]\d*\}/);
    expect(stdout).not.toContain('processed_count');
  });

  it('when a reporter cannot be, then the command says which and why, and runs nothing', async () => {
    const { code, stderr } = await cli([...measured, '-D', 'metrics.reporters=jmx']);
    expect(code).toBe(2);
    expect(stderr).toMatch(/metrics\.reporter\.jmx\.factory\.class: "jmx" is refused: there is no JVM/);
  });
});

describe('runEmbedded, called by a program', () => {
  it('when Ctrl-C comes, then the job is canceled and the program ends by that signal', async () => {
    const program = new Program([
      '--conditions=millrace-source',
      jobPath('../embedded-program.ts'),
      jobPath('endless.ts'),
    ]);
    started.push(program);
    await program.says(/RUNNING [1-9]/);
    await program.end('SIGINT');
    expect(await program.ended).toEqual({ code: null, signal: 'SIGINT' });
    expect(program.stdout).toMatch(/CANCELED \d+\n$/);
  });
});

describe('millrace info', () => {
  it('when asked for a plan, then vertices, chains and edges are shown without a cluster', async () => {
    const { code, stdout } = await cli(['info', WORD_COUNT, '-p', '4']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/3 vertices, 2 edges, 9 subtasks, needs 4 slots/);
    expect(stdout).toMatch(/v3 +4 +128 +default +count \(reduce\) -> Collect \(sink\)/);
    expect(stdout).toMatch(/v2 +v3 +hash/);
  });

  it('when a job names the fields that it reads, then the plan shows which fields an edge carries', async () => {
    const { stdout } = await cli(['info', 'examples/nexmark/q5.ts', '-p', '2']);
    expect(stdout).toMatch(/v1 +v2 +hash +fields auction/);
  });

  it('when building the graph throws, then file and line are told', async () => {
    const { code, stderr } = await cli(['info', jobPath('throws-while-building.ts')]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/no readings today.*throws-while-building\.ts:5:/);
  });
});

describe('an unreachable cluster', () => {
  it('when no NATS server answers, then URL and tries are told', async () => {
    const { code, stderr } = await cli(['list', '--nats', NOWHERE]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/cannot reach NATS at nats:\/\/127\.0\.0\.1:1 after 5 tries/);
  });

  it('when the server has no such cluster, then the missing JobManager is told', async () => {
    const nats = await NatsServer.start();
    try {
      const { code, stderr } = await cli(['status', 'abc', '--nats', nats.url, '--cluster', 'blue']);
      expect(code).toBe(1);
      expect(stderr).toMatch(/no dispatcher answers for cluster "blue"/);
    } finally {
      await nats.stop();
    }
  });
});

describe('a module with several jobs', () => {
  const module = jobPath('two-jobs.ts');

  it('when -c names one and arguments follow --, then that one runs with them', async () => {
    const { code, stdout } = await cli(['run', module, '-p', '1', '-c', 'down', '--', '--first', '7']);
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'down> 7\n' });
  });

  it('when none is chosen, or one that is not there, then the names to choose from are told', async () => {
    const none = await cli(['info', module]);
    expect(none.code).toBe(1);
    expect(none.stderr).toMatch(/choose one with -c: down, up/);
    expect((await cli(['info', module, '-c', 'sideways'])).stderr).toMatch(/has no export "sideways"/);
  });
});

describe('completion', () => {
  it('when a shell asks, then verbs and options that begin so are told', async () => {
    expect((await cli(['completion', 'bash'])).stdout).toContain('complete -F');
    expect((await cli(['complete', '--', 'save'])).stdout).toMatch(/^savepoint\t/);
    expect((await cli(['complete', '--', 'run', '--from'])).stdout).toMatch(/^--from-savepoint\t/);
  });
});

describe('millrace doctor', () => {
  it('when a configuration is fit for production, then it ends with 0', async () => {
    const file = join(folder, 'production.yaml');
    await writeFile(file, 'execution.checkpointing: { interval: 60 s, dir: s3://prod/checkpoints }\n');
    expect((await cli(['doctor', '--config', file])).code).toBe(0);
    const bare = await cli(['doctor']);
    expect(bare.code).toBe(1);
    expect(bare.stdout).toMatch(/problem +no checkpoints are taken/);
  });
});

describe('on a cluster', () => {
  let cluster: ClusterUnderTest;
  let address: string[];

  beforeAll(async () => {
    cluster = await ClusterUnderTest.start({ taskManagers: 1, slots: 2 });
    address = ['--nats', cluster.nats.url, '--cluster', 'test'];
  });

  afterAll(async () => {
    await cluster?.stop();
  });

  it('when top looks once, then it shows running jobs with their rates, and what the cluster has', async () => {
    const { stdout } = await cli(['run', jobPath('endless.ts'), '-d', ...address]);
    const jobId = stdout.trim();
    await until('the job runs', async () => {
      const { lines } = await cli(['status', jobId, '--json', ...address]);
      return lines[0]?.['status'] === 'RUNNING';
    });
    const top = await cli(['top', ...address]);
    expect(top.stdout).toMatch(/1 TaskManager, \d of 2 slots in use, 1 job/);
    expect(top.stdout).toMatch(/endless {2}RUNNING .* busy +backpr\. +lag\n/s);
    const { lines } = await cli(['top', '--json', '--count', '2', '--interval', '100ms', ...address]);
    expect(lines).toMatchObject(Array(2).fill({ type: 'clusterLook', running: [{ job: { jobId } }] }));
    expect((await cli(['cancel', jobId, ...address])).code).toBe(0);
  });

  it('when a job is submitted detached, then list, status and cancel speak of it', async () => {
    const submitted = await cli(['run', jobPath('endless.ts'), '-p', '2', '-d', ...address]);
    expect(submitted.code).toBe(0);
    const jobId = submitted.stdout.trim();
    expect(jobId).toMatch(/^[0-9a-f]{32}$/);
    const list = await cli(['list', '--json', ...address]);
    expect(list.lines).toContainEqual(expect.objectContaining({ type: 'job', jobId, name: 'endless' }));
    const status = await cli(['status', jobId, ...address]);
    expect(status.stdout).toMatch(/Status +(CREATED|RUNNING)/);
    const canceled = await cli(['cancel', jobId, ...address]);
    expect(canceled.code).toBe(0);
    await until('the job is canceled', async () => {
      const { lines } = await cli(['status', jobId, '--json', ...address]);
      return lines[0]?.['status'] === 'CANCELED';
    });
    expect((await cli(['list', ...address])).stdout).not.toContain(jobId);
    expect((await cli(['list', '--all', ...address])).stdout).toContain(jobId);
    const again = await cli(['cancel', jobId, ...address]);
    expect(again).toMatchObject({ code: 1 });
    expect(again.stderr).toMatch(/has ended already, it is CANCELED/);
  });

  it('when it follows a job and Ctrl-C comes, then the job is canceled on the cluster and it ends with 130', async () => {
    const running = start(['run', jobPath('endless.ts'), '-p', '2', '--json', ...address]);
    await running.says(/"recordsOut":[1-9]/);
    await running.end('SIGINT');
    expect(await running.ended).toEqual({ code: 130, signal: null });
    expect(running.stderr).toMatch(/Canceling job [0-9a-f]{32} on the cluster/);
    expect(running.lines.at(-1)).toMatchObject({ type: 'jobEnded', status: 'CANCELED' });
    await cluster.untilRegistered(1);
  });

  it('when logs are asked for, of any of its nodes, then their lines are shown, for people or as they are', async () => {
    const { stdout } = await cli(['logs', ...address]);
    expect(stdout).toMatch(/^\d\d:\d\d:\d\d\.\d{3} INFO +jobmanager +JobManager leads epoch=1$/m);
    const taskManager = await cli(['logs', 'tm-1', '--json', ...address]);
    expect(taskManager.lines[0]).toMatchObject({ role: 'taskmanager' });
    expect((await cli(['logs', '--list', ...address])).stdout).toMatch(/^jobmanager\.log +[\d,]+ /m);
    const unknown = await cli(['logs', '--file', 'other.log', ...address]);
    expect(unknown).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/no log file "other.log", but jobmanager.log/),
    });
    expect(await cli(['logs', 'tm-9', ...address])).toMatchObject({ code: 1 });
  });

  it('when doctor looks at it, then one TaskManager is a problem, and what is in order is told too', async () => {
    const { code, lines } = await cli(['doctor', '--json', ...address]);
    expect(code).toBe(1);
    expect(lines).toContainEqual(
      expect.objectContaining({ type: 'finding', area: 'Cluster', level: 'problem' }),
    );
    expect(lines).toContainEqual(
      expect.objectContaining({
        area: 'Cluster',
        level: 'ok',
        found: expect.stringMatching(/^nats-server \d/),
      }),
    );
  });

  it('when a job id is not known, then it ends with 1 and says so', async () => {
    const { code, stderr } = await cli(['status', 'f'.repeat(32), ...address]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/there is no job f+; "millrace list" shows/);
  });

  it('when a second JobManager is started, then it is refused', async () => {
    const { code, stderr } = await cli(['jobmanager', ...address]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/cluster "test" has a JobManager already/);
  });
});

describe('millrace cluster', () => {
  /** Pids of all processes that the cluster has started, from its log. */
  async function pidsIn(logs: string): Promise<Map<string, number>> {
    const text = await readFile(join(logs, 'cluster.log'), 'utf8');
    const lines = text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { msg: string; pid?: number });
    return new Map(
      lines.flatMap(({ msg, pid }): [string, number][] =>
        pid !== undefined && / (starts|listens)$/.test(msg) ? [[msg.split(' ')[0] ?? '', pid]] : [],
      ),
    );
  }

  function startCluster(logs: string, ...more: string[]): CliProcess {
    return start([
      'cluster',
      '--taskmanagers',
      '2',
      '--slots',
      '1',
      '--log-dir',
      logs,
      '--json',
      ...QUICK,
      ...more,
    ]);
  }

  it('when a TaskManager dies and Ctrl-C comes, then the first is told, the rest goes on, and no process is left', async () => {
    const logs = join(folder, 'logs-1');
    const running = startCluster(logs);
    await running.says(/"type":"clusterReady"/);
    const ready = running.lines.find(({ type }) => type === 'clusterReady');
    expect(ready).toMatchObject({ taskManagers: 2, slots: 2, cluster: 'default' });
    const pids = await pidsIn(logs);
    expect([...pids.keys()].toSorted()).toEqual([
      'jobmanager',
      'nats-server',
      'taskmanager-1',
      'taskmanager-2',
    ]);
    expect([...pids.values()].every(isAlive)).toBe(true);
    process.kill(pids.get('taskmanager-1') as number, 'SIGKILL');
    await running.says(/taskmanager-1 \(pid \d+\) ended with signal SIGKILL; the cluster goes on/, 'stderr');
    const { code } = await cli(['run', WORD_COUNT, '--nats', String(ready?.['nats'])]);
    expect(code).toBe(0);
    await running.end('SIGINT');
    expect(await running.ended).toEqual({ code: 130, signal: null });
    expect([...pids.values()].filter(isAlive)).toEqual([]);
    expect((await readdir(logs)).toSorted()).toEqual([
      'cluster.log',
      'jobmanager.log',
      'nats-server.log',
      'taskmanager-1.log',
      'taskmanager-2.log',
    ]);
  });

  it('when its JobManager dies, then everything is stopped and it ends with 1', async () => {
    const logs = join(folder, 'logs-2');
    const running = startCluster(logs);
    await running.says(/"type":"clusterReady"/);
    const pids = await pidsIn(logs);
    process.kill(pids.get('jobmanager') as number, 'SIGKILL');
    expect(await running.ended).toEqual({ code: 1, signal: null });
    expect(running.stderr).toMatch(/jobmanager \(pid \d+\) ended with signal SIGKILL; its log is/);
    expect([...pids.values()].filter(isAlive)).toEqual([]);
  });

  it('when SIGTERM comes while it starts, then no process is left and it ends with 0', async () => {
    const logs = join(folder, 'logs-3');
    const running = startCluster(logs);
    await running.says(/taskmanager-2 starts/, 'stderr');
    await running.end('SIGTERM');
    expect(await running.ended).toEqual({ code: 0, signal: null });
    expect([...(await pidsIn(logs)).values()].filter(isAlive)).toEqual([]);
  });

  it('when jobmanager.memory sizes its JobManager, then that process has this limit of its heap', async () => {
    const logs = join(folder, 'logs-7');
    const running = startCluster(logs, '-D', 'jobmanager.memory.process.size=1600mb');
    await running.says(/"type":"clusterReady"/);
    const log = await readFile(join(logs, 'jobmanager.log'), 'utf8');
    expect(log).toMatch(/"process":1600,.*"heap":1024,.*"msg":"memory, in MB"/);
    expect(log).not.toContain('the limit of the heap');
    const url = String(running.lines.find(({ type }) => type === 'clusterReady')?.['rest']);
    const metrics = await fetch(`${url}/jobmanager/metrics?get=Status.JVM.Memory.Heap.Max`);
    expect(await metrics.json()).toEqual([
      { id: 'Status.JVM.Memory.Heap.Max', value: String(1_024 * 1_024 ** 2) },
    ]);
    await running.end('SIGTERM');
  });

  it('when it is told to end over REST, then everything is stopped and it ends with 0', async () => {
    const logs = join(folder, 'logs-6');
    const running = startCluster(logs);
    await running.says(/"type":"clusterReady"/);
    const url = String(running.lines.find(({ type }) => type === 'clusterReady')?.['rest']);
    expect((await fetch(`${url}/cluster`, { method: 'DELETE' })).status).toBe(200);
    expect(await running.ended).toEqual({ code: 0, signal: null });
    expect([...(await pidsIn(logs)).values()].filter(isAlive)).toEqual([]);
  });

  it('when the port of its own nats-server is in use, then it says so and ends with 2', async () => {
    const nats = await NatsServer.start();
    try {
      const logs = join(folder, 'logs-4');
      const { code, stderr } = await cli(['cluster', '--log-dir', logs, '--nats-port', String(nats.port)]);
      expect(code).toBe(2);
      expect(stderr).toMatch(new RegExp(`port ${nats.port} of 127\\.0\\.0\\.1 is in use`));
    } finally {
      await nats.stop();
    }
  });

  it('when --nats names a server, then that one is used and left running', async () => {
    const nats = await NatsServer.start();
    try {
      const running = startCluster(join(folder, 'logs-5'), '--nats', nats.url, '--cluster', 'blue');
      await running.says(/"type":"clusterReady"/);
      const { code, lines } = await cli(['list', '--nats', nats.url, '--cluster', 'blue', '--json']);
      expect({ code, lines }).toEqual({ code: 0, lines: [] });
      await running.end('SIGTERM');
      expect(await running.ended).toEqual({ code: 0, signal: null });
      expect(isAlive(nats.pid as number)).toBe(true);
    } finally {
      await nats.stop();
    }
  });
});
