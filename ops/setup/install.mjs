// Installs the packages of the lockfile when they are missing or differ from it. Plain JavaScript for any Node from 20 on.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, renameSync, mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository's root folder. */
export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

const CACHE = join(ROOT, 'node_modules', '.cache');

/**
 * The first package that is not installed as the lockfile says, or undefined when all are. Compares npm's own record of
 * the installed tree with the lockfile, so that file times (a checkout, a copy) do not matter.
 *
 * @returns {string | undefined}
 */
function firstStalePackage() {
  const record = join(ROOT, 'node_modules', '.package-lock.json');
  if (!existsSync(record)) return 'node_modules';
  const installed = JSON.parse(readFileSync(record, 'utf8')).packages;
  const locked = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')).packages;
  return Object.keys(locked).find((path) => {
    if (path === '') return false;
    const there = installed[path];
    if (there === undefined) return locked[path].optional !== true && locked[path].devOptional !== true;
    return there.version !== locked[path].version;
  });
}

/** npm wants a folder for its cache even when the home folder is unset or missing. */
function npmEnvironment() {
  const home = process.env.HOME;
  if (home && existsSync(home)) return process.env;
  return { ...process.env, npm_config_cache: join(tmpdir(), `millrace-npm-${process.getuid?.() ?? 0}`) };
}

function npm(args) {
  const [command, prefix] =
    process.env.npm_execpath?.endsWith('.js') && existsSync(process.env.npm_execpath)
      ? [process.execPath, [process.env.npm_execpath]]
      : ['npm', []];
  return spawnSync(command, [...prefix, ...args], {
    cwd: ROOT,
    env: npmEnvironment(),
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    maxBuffer: 64 << 20,
  });
}

/** `npm ci` empties node_modules; what Millrace itself has cached there (a built nats-server) outlives it. */
function keepingCache(run) {
  const kept = join(ROOT, `.millrace-cache-${process.pid}`);
  const keep = existsSync(CACHE);
  if (keep) renameSync(CACHE, kept);
  try {
    return run();
  } finally {
    if (keep && !existsSync(CACHE)) {
      mkdirSync(dirname(CACHE), { recursive: true });
      renameSync(kept, CACHE);
    }
  }
}

/**
 * Makes node_modules match the lockfile. Quiet when nothing is to do; else one line before and one after.
 * No install scripts run: every native package brings its prebuilt binary.
 *
 * @throws {Error} when npm fails, with npm's own words
 */
export function install() {
  const stale = firstStalePackage();
  if (stale === undefined) return;
  const started = Date.now();
  process.stderr.write(`millrace: installing packages (${stale} is missing or out of date) ...\n`);
  const result = keepingCache(() =>
    npm([
      'ci',
      '--ignore-scripts',
      '--include=dev',
      '--include=optional',
      '--no-audit',
      '--no-fund',
      '--loglevel=error',
    ]),
  );
  if (result.error || result.status !== 0) {
    const said = result.error?.message ?? `${result.stdout}${result.stderr}`.trim();
    throw new Error(
      `npm ci failed in ${ROOT}\n${said}\nThe npm registry must be reachable for the first run.`,
    );
  }
  process.stderr.write(`millrace: packages installed in ${Math.round((Date.now() - started) / 1000)} s\n`);
}
