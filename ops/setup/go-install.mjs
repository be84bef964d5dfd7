// Builds servers that tests run, from source by Go, into this repository's cache.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const CACHE = fileURLToPath(new URL('../../node_modules/.cache/millrace/bin', import.meta.url));

export function onPath(name) {
  const folders = (process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== '');
  return folders.map((folder) => join(folder, name)).find((file) => existsSync(file));
}

/** Go needs places for its caches even when the home folder is unset or missing. */
function goEnvironment() {
  const env = { ...process.env, GOBIN: CACHE };
  if (env.HOME && existsSync(env.HOME)) return env;
  const cache = join(tmpdir(), `millrace-go-${process.getuid?.() ?? 0}`);
  return { GOPATH: cache, GOCACHE: join(cache, 'build'), ...env };
}

export function run(command, args, env) {
  const { status, error, stdout, stderr } = spawnSync(command, args, {
    env,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    maxBuffer: 64 << 20,
  });
  if (status === 0) return undefined;
  return error?.message ?? `${stdout}${stderr}`.trim().split('\n').slice(-3).join('\n');
}

export function goInstall(module) {
  mkdirSync(CACHE, { recursive: true });
  return run('go', ['install', '-trimpath', '-ldflags=-s -w', module], goEnvironment());
}
