import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CliProcess, cli, jobPath } from './cluster-under-test.ts';

let folder: string;
const started: CliProcess[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-directory-'));
});
afterEach(async () => {
  for (const process_ of started.splice(0)) await process_.end();
  await rm(folder, { recursive: true });
});

const checkpoints = (): string[] => [
  ...['-D', `execution.checkpointing.dir=${folder}`],
  ...['-D', 'execution.checkpointing.interval=200ms'],
];

/** A cluster in a process of its own, with a job that does not end and has a checkpoint. */
async function running(): Promise<CliProcess> {
  const process_ = new CliProcess(['run', jobPath('endless.ts'), '--slots', '2', ...checkpoints()]);
  started.push(process_);
  await process_.says(/RUNNING/, 'stderr');
  await expect
    .poll(() => readdir(folder, { recursive: true }))
    .toContainEqual(expect.stringMatching(/_metadata$/));
  return process_;
}

describe('two clusters and one checkpoint directory', () => {
  it('when a second cluster is pointed at it, then its jobs are refused, and the first one goes on', async () => {
    const first = await running();
    const { code, stderr } = await cli(['run', jobPath('word-count.ts'), ...checkpoints()]);
    expect(code).toBe(1);
    expect(stderr).toMatch(
      new RegExp(
        `${folder} belongs to the cluster "mini-[^"]+" \\(JobManager on .*, process ${first.pid}\\)`,
      ),
    );
    expect(first.isRunning).toBe(true);
  });

  it('when the first was killed, or has ended, then the next has it at once', async () => {
    const first = await running();
    await first.end('SIGKILL');
    for (const _ of ['after kill -9', 'after an end']) {
      const { code, stderr } = await cli(['run', jobPath('word-count.ts'), ...checkpoints()]);
      expect(stderr).not.toContain('belongs to');
      expect(code).toBe(0);
    }
  });
});
