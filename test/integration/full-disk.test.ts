import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { jobPath } from './cluster-under-test.ts';

const ENTRY = fileURLToPath(new URL('../../ops/bin/entry.mjs', import.meta.url));
/** A mount namespace of one's own, as an ordinary user. */
const UNSHARE = ['--user', '--map-root-user', '--mount'];
const canMount =
  spawnSync('unshare', [...UNSHARE, 'mount', '-t', 'tmpfs', '-o', 'size=100k', 'tmpfs', '/mnt']).status === 0;

/** Fills a small disk when told, and frees it when told; $1: a folder outside of it, $2: where it is mounted. */
const SCRIPT = `
mount -t tmpfs -o size=400k tmpfs "$2" || exit 9
(
  while [ ! -e "$1/fill" ]; do sleep 0.1; done
  # Again and again: checkpoints that are subsumed give room for the next one.
  while [ ! -e "$1/free" ]; do
    head -c 1000000 /dev/zero >> "$2/ballast" 2>/dev/null
    touch "$1/full"
    sleep 0.02
  done
  rm "$2/ballast"
) &
shift 2
exec "$@"
`;

let folder: string;
let child: ChildProcess | undefined;
let output = '';

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-full-disk-'));
});
afterEach(async () => {
  await writeFile(join(folder, 'fill'), '');
  await writeFile(join(folder, 'free'), '');
  if (child?.exitCode === null) {
    child.kill('SIGKILL');
    await once(child, 'close');
  }
  await rm(folder, { recursive: true });
});

async function startOnSmallDisk(disk: string): Promise<void> {
  const options = {
    'execution.checkpointing.dir': join(disk, 'checkpoints'),
    'execution.checkpointing.interval': '100 ms',
    'execution.checkpointing.tolerable-failed-checkpoints': '100000',
  };
  const run = [ENTRY, 'run', jobPath('endless.ts'), '--slots', '1', '--verbose'];
  const overrides = Object.entries(options).flatMap(([key, value]) => ['-D', `${key}=${value}`]);
  const node = [process.execPath, '--conditions=millrace-source', ...run, ...overrides];
  child = spawn('unshare', [...UNSHARE, 'sh', '-c', SCRIPT, 'sh', folder, disk, ...node], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NO_COLOR: '1', MILLRACE_CONF_DIR: '' },
  });
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
}

const count = (pattern: RegExp): number => output.match(pattern)?.length ?? 0;
const COMPLETE = /checkpoint complete/g;
/** Where the parts of one fit and its decision did not, that is tried until it is known. */
const FAILED = /checkpoint failed .*ENOSPC|decision not written/g;
const WAITS = { timeout: 40_000 };

describe.skipIf(!canMount)(
  `a disk for checkpoints that fills up${canMount ? '' : ' (skipped: this user may not mount a small one)'}`,
  () => {
    it('when it is full, then checkpoints fail and say so, the job goes on, and with space there are checkpoints again', async () => {
      const disk = await mkdtemp(join(folder, 'disk-'));
      await startOnSmallDisk(disk);
      await expect.poll(() => count(COMPLETE), WAITS).toBeGreaterThan(2);
      await writeFile(join(folder, 'fill'), '');
      await expect.poll(() => readdir(folder), WAITS).toContain('full');
      await expect.poll(() => count(FAILED), WAITS).toBeGreaterThan(3);
      const [before, restarts] = [count(COMPLETE), count(/RESTARTING/g)];
      await writeFile(join(folder, 'free'), '');
      await expect.poll(() => count(COMPLETE), WAITS).toBeGreaterThan(before + 3);
      expect(restarts).toBe(0);
      expect(child?.exitCode).toBeNull();
    });
  },
);
