// Finds or installs the nats-server that tests and `millrace cluster` run; as a program it prints the path.
// In order: $MILLRACE_NATS_SERVER, the PATH, this repository's cache, `go install`, Debian's package.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, realpathSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const OLDEST_NATS_SERVER = '2.9.0';

const MODULE = 'github.com/nats-io/nats-server/v2@v2.12.15';
const CACHE = fileURLToPath(new URL('../../node_modules/.cache/millrace/bin', import.meta.url));

function onPath(name) {
  const folders = (process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== '');
  return folders.map((folder) => join(folder, name)).find((file) => existsSync(file));
}

/** The version a server reports, or undefined when it does not run. */
function versionOf(file) {
  const { status, stdout } = spawnSync(file, ['--version'], { encoding: 'utf8' });
  return status === 0 ? /v?(\d+\.\d+\.\d+)/.exec(stdout)?.[1] : undefined;
}

function isUsable(file) {
  const version = versionOf(file);
  if (version === undefined) return false;
  return version.localeCompare(OLDEST_NATS_SERVER, 'en', { numeric: true }) >= 0;
}

export function findNatsServer() {
  const given = process.env.MILLRACE_NATS_SERVER;
  // Debian puts servers into /usr/sbin, which users' PATHs often lack.
  const candidates = [given, onPath('nats-server'), join(CACHE, 'nats-server'), '/usr/sbin/nats-server'];
  return candidates.find((file) => file && existsSync(file) && isUsable(file));
}

/** Go needs places for its caches even when the home folder is unset or missing. */
function goEnvironment() {
  const env = { ...process.env, GOBIN: CACHE };
  if (env.HOME && existsSync(env.HOME)) return env;
  const cache = join(tmpdir(), `millrace-go-${process.getuid?.() ?? 0}`);
  return { GOPATH: cache, GOCACHE: join(cache, 'build'), ...env };
}

function run(command, args, env) {
  const { status, error, stdout, stderr } = spawnSync(command, args, {
    env,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    maxBuffer: 64 << 20,
  });
  if (status === 0) return undefined;
  return error?.message ?? `${stdout}${stderr}`.trim().split('\n').slice(-3).join('\n');
}

const WAYS = [
  {
    name: `go install ${MODULE}`,
    possible: () => onPath('go') !== undefined,
    install: () => {
      mkdirSync(CACHE, { recursive: true });
      return run('go', ['install', '-trimpath', '-ldflags=-s -w', MODULE], goEnvironment());
    },
  },
  {
    name: 'apt-get install nats-server',
    possible: () => existsSync('/etc/debian_version') && process.getuid?.() === 0,
    install: () => {
      const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
      const install = () => run('apt-get', ['install', '-y', '--no-install-recommends', 'nats-server'], env);
      return install() && (run('apt-get', ['update'], env) ?? install());
    },
  },
];

export function installNatsServer() {
  const found = findNatsServer();
  if (found !== undefined) return found;
  const failures = [];
  for (const { name, possible, install } of WAYS) {
    if (!possible()) continue;
    process.stderr.write(`millrace: no nats-server here, trying "${name}" ...\n`);
    const failure = install();
    const installed = findNatsServer();
    if (installed !== undefined) return installed;
    failures.push(`${name}: ${failure ?? 'gave no usable server'}`);
  }
  throw new Error(
    [
      `nats-server ${OLDEST_NATS_SERVER} or newer is not on this machine. Put it on the PATH, or set MILLRACE_NATS_SERVER`,
      `to its path: https://docs.nats.io/running-a-nats-service/introduction/installation`,
      ...failures,
    ].join('\n'),
  );
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  try {
    console.log(installNatsServer());
  } catch (error) {
    console.error(`millrace: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 1;
  }
}
