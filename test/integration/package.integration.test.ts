import { execFile } from 'node:child_process';
import { cp, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isAlive, jobPath } from './cluster-under-test.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const TYPES = join(ROOT, 'node_modules', '@types');
const INSTALL_MS = 180_000;

const CONSUMER = `
import { Time, defineJob } from 'millrace';
import { MiniCluster, connectClient, runEmbedded, type JobDetails } from 'millrace/cluster';
import * as testing from 'millrace/testing';

export const job = defineJob('typed', (env) => {
  env.fromCollection([{ room: 'kitchen', celsius: 21 }]).keyBy('room').sum('celsius').print();
});
defineJob('wrong', (env) => {
  // @ts-expect-error there is no such field
  env.fromCollection([{ room: 'kitchen' }]).keyBy('rom');
});
export const run: Promise<{ readonly job: JobDetails }> = runEmbedded('my-job.ts', { slots: 2 });
export { MiniCluster, Time, connectClient, testing };
`;

const TSCONFIG = {
  compilerOptions: {
    target: 'es2024',
    module: 'nodenext',
    strict: true,
    noEmit: true,
    skipLibCheck: false,
    types: ['node'],
    typeRoots: [TYPES],
  },
  files: ['consumer.ts', 'my-job.ts'],
};

interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

let project: string;

/** Runs a program in the project, outside of the repository's own settings. */
async function run(
  command: string,
  args: readonly string[],
  options: { cwd?: string; signalAfter?: RegExp } = {},
): Promise<Outcome> {
  const { NODE_OPTIONS: _options, ...environment } = process.env;
  const env = { ...environment, PATH: `${dirname(process.execPath)}:${process.env['PATH']}`, NO_COLOR: '1' };
  const running = promisify(execFile)(command, args, {
    cwd: options.cwd ?? project,
    env,
    maxBuffer: 64 << 20,
  });
  const { signalAfter } = options;
  if (signalAfter !== undefined) {
    let said = '';
    running.child.stdout?.on('data', (chunk: string) => {
      said += chunk;
      if (signalAfter.test(said)) running.child.kill('SIGINT');
    });
  }
  return running.then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    (error: { code?: number; stdout: string; stderr: string }) => ({
      code: error.code ?? -1,
      stdout: error.stdout,
      stderr: error.stderr,
    }),
  );
}

async function npm(args: readonly string[], cwd: string): Promise<void> {
  const { code, stdout, stderr } = await run('npm', args, { cwd });
  if (code !== 0) throw new Error(`npm ${args[0]} failed:\n${stdout}\n${stderr}`);
}

beforeAll(async () => {
  project = await mkdtemp(join(tmpdir(), 'millrace-package-'));
  await npm(['pack', '--pack-destination', project], ROOT);
  const tarball = (await readdir(project)).find((name) => name.endsWith('.tgz')) ?? '';
  await writeFile(join(project, 'package.json'), '{ "name": "consumer", "private": true, "type": "module" }');
  await cp(jobPath('word-count.ts'), join(project, 'my-job.ts'));
  await writeFile(join(project, 'consumer.ts'), CONSUMER);
  await writeFile(join(project, 'tsconfig.json'), JSON.stringify(TSCONFIG));
  await npm(['install', '--prefer-offline', '--no-audit', '--no-fund', `./${tarball}`], project);
}, INSTALL_MS);

afterAll(async () => {
  await rm(project, { recursive: true, force: true });
}, INSTALL_MS);

describe('the package, installed into an empty project', () => {
  it('when a job is run, then it finishes', async () => {
    const { code, stderr } = await run('npx', ['millrace', 'run', 'my-job.ts', '-p', '2']);
    expect(stderr).toMatch(/Job "word count" \([0-9a-f]{32}\) is FINISHED/);
    expect(code).toBe(0);
  });

  it('when a plan is asked for, then it is shown', async () => {
    const { code, stdout } = await run('npx', ['millrace', 'info', 'my-job.ts', '--json']);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ type: 'jobPlan', name: 'word count', slots: 1 });
  });

  it('when a cluster is started and interrupted, then it was complete and no process is left', async () => {
    const command = join(project, 'node_modules', '.bin', 'millrace');
    const { code, stdout, stderr } = await run(command, ['cluster', '--taskmanagers', '1'], {
      signalAfter: /is ready/,
    });
    expect(stdout).toMatch(
      /Cluster "default" is ready: 1 TaskManager with 2 slots, NATS at nats:\/\/127\.0\.0\.1:\d+/,
    );
    const pids = [...stderr.matchAll(/(?:starts|listens).* pid=(\d+)/g)].map((match) => Number(match[1]));
    expect(pids).toHaveLength(3);
    expect(pids.filter(isAlive)).toEqual([]);
    expect(code).toBe(130);
  });

  it('when a project compiles against its declarations, then they hold, and wrong fields are found', async () => {
    const tsc = join(ROOT, 'node_modules', '.bin', 'tsc');
    const { code, stdout } = await run(process.execPath, [tsc, '-p', '.']);
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' });
  });

  it('when it is unpacked, then no tests and no sources of the repository are in it', async () => {
    const files = await readdir(join(project, 'node_modules', 'millrace'), { recursive: true });
    const own = files.filter((file) => !file.startsWith('node_modules'));
    expect(
      own.filter((file) => file.includes('.test.') || /^(src|actors|test|examples)\//.test(file)),
    ).toEqual([]);
    expect(own).toContain(join('dist', 'src', 'index.js.map'));
    expect(own).toContain(join('dist', 'actors', 'index.d.ts'));
  });
});
