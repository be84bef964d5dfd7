import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { CliProcess, Program } from './cluster-under-test.ts';

const inExamples = (path: string): string =>
  fileURLToPath(new URL(`../../examples/${path}`, import.meta.url));
const ORDERS = '8000';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-shop-totals-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

function run(...more: string[]): CliProcess {
  const options = {
    'execution.checkpointing.dir': join(folder, 'checkpoints'),
    'execution.checkpointing.interval': '300 ms',
    'pipeline.global-job-parameters.orders': ORDERS,
    'pipeline.global-job-parameters.output': join(folder, 'lines'),
  };
  const overrides = Object.entries(options).flatMap(([key, value]) => ['-D', `${key}=${value}`]);
  return new CliProcess(['run', inExamples('02-shop-totals.ts'), '-p', '2', ...overrides, ...more]);
}

async function untilCheckpoint(id: number): Promise<string> {
  for (;;) {
    const files = await readdir(join(folder, 'checkpoints'), { recursive: true }).catch(() => []);
    const found = files.map((file) => /^([0-9a-f]{32})\/chk-(\d+)\/_metadata$/.exec(file));
    const newest = found.find((match) => Number(match?.[2]) >= id);
    if (newest !== undefined && newest !== null) return newest[1] as string;
    await pause(20);
  }
}

it('when the process of an embedded job is killed and the job goes on from its newest checkpoint, then every order is there once', async () => {
  const killed = run();
  await untilCheckpoint(3);
  await killed.end('SIGKILL');
  const again = run('-s', join(folder, 'checkpoints'));
  expect((await again.ended).code, again.stderr).toBe(0);
  const verify = new Program([inExamples('shop-totals/verify.mjs'), join(folder, 'lines'), ORDERS]);
  expect((await verify.ended).code, verify.stdout).toBe(0);
});
