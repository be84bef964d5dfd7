import { cp, mkdtemp, readFile, readdir, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Configuration, runEmbedded } from '../../actors/index.ts';
import { cli, jobPath } from './cluster-under-test.ts';

const JOB = fileURLToPath(new URL('../golden/every-state.ts', import.meta.url));
const golden = (name: string): string => fileURLToPath(new URL(`../golden/${name}`, import.meta.url));
const PARAMETERS = {
  'pipeline.global-job-parameters.count': '2000',
  'pipeline.global-job-parameters.rate': '100000',
};
const AS_OPTIONS = Object.entries(PARAMETERS).flatMap(([key, value]) => ['-D', `${key}=${value}`]);

async function rowsOf(more: Record<string, string>): Promise<unknown[]> {
  const configuration = Configuration.of(Object.entries({ ...PARAMETERS, ...more }));
  const run = await runEmbedded(JOB, { configuration, slots: 3 });
  expect(run.job.failure).toBeUndefined();
  return run.collect().map(String).toSorted();
}

async function savepoint(...args: string[]): Promise<Record<string, unknown>[]> {
  const { code, lines, stderr } = await cli(['savepoint', ...args, '--json']);
  expect(code, stderr).toBe(0);
  return lines;
}

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-savepoints-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

/** A copy that a test may break. */
async function copyOf(name: string): Promise<string> {
  const copy = join(folder, `${name}-${Math.random()}`);
  await cp(golden(name), copy, { recursive: true });
  return copy;
}

describe('golden savepoints', () => {
  it.each(['1', '2', '3'])(
    'when a job begins at parallelism %s from one that an earlier version wrote, then it ends as one that was never stopped',
    async (parallelism) => {
      const parallel = { 'parallelism.default': parallelism };
      const whole = await rowsOf(parallel);
      expect(whole).toHaveLength(21);
      expect(await rowsOf({ ...parallel, 'execution.state-recovery.path': golden('hashmap-1') })).toEqual(
        whole,
      );
    },
  );
});

describe('claim modes', () => {
  const checkpointed = { 'execution.checkpointing.interval': '50 ms' };
  const filesIn = (path: string): Promise<string[]> => readdir(path).catch(() => []);

  it.each(['no_claim', 'legacy'])(
    'when a job with checkpoints begins from a savepoint with %s, then the savepoint stays whole',
    async (mode) => {
      const copy = await copyOf('hashmap-1');
      const from = {
        'execution.state-recovery.path': copy,
        'execution.state-recovery.claim-mode': mode,
      };
      const rows = await rowsOf({ ...checkpointed, ...from });
      expect(await filesIn(copy)).toEqual(await filesIn(golden('hashmap-1')));
      expect(await rowsOf({ 'execution.state-recovery.path': copy })).toEqual(rows);
    },
  );

  it('when it begins with CLAIM, then the savepoint goes once a checkpoint of its own stands', async () => {
    const copy = await copyOf('hashmap-1');
    const claim = { 'execution.state-recovery.path': copy, 'execution.savepoint-restore-mode': 'CLAIM' };
    await rowsOf(claim);
    expect(await filesIn(copy)).toEqual(await filesIn(golden('hashmap-1')));
    expect(await rowsOf({ ...checkpointed, ...claim })).toEqual(await rowsOf({}));
    expect(await filesIn(copy)).toEqual([]);
  });
});

describe('millrace savepoint', () => {
  it('when a savepoint is shown, then its operators, states and entries are listed', async () => {
    const [shown] = await savepoint('show', golden('hashmap-1'));
    expect(shown).toMatchObject({ kind: 'savepoint', jobName: 'every state' });
    const operators = (shown as { operators: { uid?: string; keyedStates: object[]; splits: number }[] })
      .operators;
    expect(operators.find(({ uid }) => uid === 'numbers')).toMatchObject({ splits: 4 });
    expect(operators.find(({ uid }) => uid === 'every-state')?.keyedStates).toContainEqual(
      expect.objectContaining({ name: 'digits', kind: 'map', entries: 7 }),
    );
  });

  it('when the state of a key is asked for, then its values come', async () => {
    const entries = await savepoint('get', golden('hashmap-1'), 'every-state', 'profile', '--key', '3');
    expect(entries).toEqual([
      {
        type: 'entry',
        state: 'profile',
        key: 3,
        value: {
          first: 3,
          latest: { $bigint: '885' },
          seen: { $date: '1970-01-01T00:00:00.885Z' },
          parities: { $set: ['odd', 'even'] },
        },
      },
    ]);
  });

  it('when an operator or state is named that is not there, then those there are are listed', async () => {
    const operator = await cli(['savepoint', 'get', golden('hashmap-1'), 'every-stat']);
    expect([operator.code, operator.stderr]).toEqual([1, expect.stringContaining('(uid every-state)')]);
    const state = await cli(['savepoint', 'get', golden('hashmap-1'), 'every-state', 'profiel']);
    expect([state.code, state.stderr]).toEqual([1, expect.stringContaining('"profile"')]);
  });

  it('when a savepoint is compared with itself, then nothing differs', async () => {
    expect(await savepoint('diff', golden('hashmap-1'), golden('hashmap-1'))).toEqual([]);
  });

  it('when the job fits, then check says so of each operator', async () => {
    const [checked] = await savepoint('check', golden('hashmap-1'), JOB, '-p', '2', ...AS_OPTIONS);
    expect(checked).toMatchObject({ fits: true });
    expect((checked as { operators: { verdict: string }[] }).operators.map(({ verdict }) => verdict)).toEqual(
      expect.arrayContaining(['fits', 'empty']),
    );
  });

  it('when states of a function have changed, then check says of each what becomes of it', async () => {
    const check = ['savepoint', 'check', golden('hashmap-1'), jobPath('changed-states.ts'), '-n'];
    const text = await cli(check);
    expect([text.code, text.stderr]).toEqual([0, '']);
    expect(text.stdout).toMatch(
      /profile +migrates +schema version 1 to 3: renames "seen" to "lastSeen", adds "visits", changes it by a function/,
    );
    expect(text.stdout).toMatch(/digits +fits/);
    expect(text.stdout).toMatch(/kept +migrates +loses its time to live/);
    expect(text.stdout).toMatch(/visits +new/);
    expect(text.stdout).toMatch(/mean +not opened/);
    const spoiled = await cli([...check, '-D', 'pipeline.global-job-parameters.sum=value', '--json']);
    expect(spoiled.code).toBe(1);
    const operators = (JSON.parse(spoiled.stdout) as { operators: Record<string, unknown>[] }).operators;
    expect(operators.find(({ uid }) => uid === 'every-state')).toMatchObject({
      verdict: 'incompatible',
      note: expect.stringMatching(/"sum".*reducing/),
    });
    const failing = await cli([...check, '-D', 'pipeline.global-job-parameters.fails=yes']);
    expect([failing.code, failing.stdout]).toEqual([
      0,
      expect.stringMatching(/its states are not known: open\(\) failed: no network/),
    ]);
  });

  it('when the job lacks operators or has another max parallelism, then check names them and fails', async () => {
    const other = ['savepoint', 'check', golden('hashmap-1')];
    const lacking = await cli([...other, jobPath('running-counts.ts'), '--json', ...AS_OPTIONS]);
    expect(lacking.code).toBe(1);
    expect(lacking.stdout).toMatch(/"uid":"every-state","verdict":"missing"/);
    const resized = await cli([...other, JOB, '--json', ...AS_OPTIONS, '-D', 'pipeline.max-parallelism=64']);
    expect(resized.code).toBe(1);
    expect(resized.stdout).toMatch(
      /"verdict":"incompatible","note":"saved with max parallelism 128, now it is 64/,
    );
  });

  it('when a savepoint is disposed of, then its files are gone', async () => {
    const copy = await copyOf('hashmap-1');
    expect(await savepoint('--dispose', copy)).toMatchObject([{ type: 'savepointDisposed' }]);
    expect(await readdir(copy).catch(() => [])).toEqual([]);
  });

  it('when a file is cut off, changed or missing, then it is named', async () => {
    const files = (await readdir(golden('hashmap-1'))).filter((name) => name !== '_metadata');
    for (const file of ['_metadata', ...files.slice(0, 2)]) {
      const damage: [string, (path: string) => Promise<void>][] = [
        ['cut', (path) => truncate(path, 40)],
        [
          'changed',
          async (path) =>
            writeFile(
              path,
              (await readFile(path)).map((byte, i) => (i === 9 ? ~byte : byte)),
            ),
        ],
        ['removed', (path) => rm(path)],
      ];
      for (const [how, harm] of damage) {
        const copy = await copyOf('hashmap-1');
        await harm(join(copy, file));
        const { code, stderr } = await cli(['savepoint', 'diff', copy, golden('hashmap-1')]);
        expect(code, `${file} ${how}: ${stderr}`).toBe(1);
        expect(stderr, how).toContain(file);
      }
    }
  });

  it('when the path is outside the allowed roots, then it is refused', async () => {
    const roots = `execution.checkpointing.allowed-roots=${folder}`;
    const { code, stderr } = await cli(['savepoint', 'show', golden('hashmap-1'), '-D', roots]);
    expect(code).not.toBe(0);
    expect(stderr).toMatch(/outside the allowed roots/);
  });
});
