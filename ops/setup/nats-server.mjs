// Finds or installs the nats-server that tests and `millrace cluster` run; as a program it prints the path.
// $MILLRACE_NATS_SERVER, else the newest on the PATH and in this repository's cache, else `go install`, else Debian's package.
import { spawnSync } from 'node:child_process';
import { existsSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CACHE, goInstall, onPath, run } from './go-install.mjs';

export const OLDEST_NATS_SERVER = '2.9.0';
/** Takes all that Millrace can make use of, JetStream's atomic batches too. */
export const FULL_NATS_SERVER = '2.12.0';

const MODULE = 'github.com/nats-io/nats-server/v2@v2.12.15';
/** The version a server reports, or undefined when it does not run. */
function versionOf(file) {
  const { status, stdout } = spawnSync(file, ['--version'], { encoding: 'utf8' });
  return status === 0 ? /v?(\d+\.\d+\.\d+)/.exec(stdout)?.[1] : undefined;
}

/** Version of the server that tests run, `2.12.0`; undefined where there is none. */
export function natsServerVersion() {
  const file = findNatsServer();
  return file === undefined ? undefined : versionOf(file);
}

function isUsable(file) {
  const version = versionOf(file);
  if (version === undefined) return false;
  return isAtLeast(version, OLDEST_NATS_SERVER);
}

function isAtLeast(version, other) {
  return version.localeCompare(other, 'en', { numeric: true }) >= 0;
}

export function findNatsServer() {
  const given = process.env.MILLRACE_NATS_SERVER;
  // Debian puts servers into /usr/sbin, which users' PATHs often lack.
  const candidates = [onPath('nats-server'), join(CACHE, 'nats-server'), '/usr/sbin/nats-server'];
  const usable = (file) => file && existsSync(file) && isUsable(file);
  if (usable(given)) return given;
  const found = candidates.filter(usable).map((file) => ({ file, version: versionOf(file) }));
  return found.reduce((best, one) => (best && isAtLeast(best.version, one.version) ? best : one), undefined)
    ?.file;
}

const WAYS = [
  {
    name: `go install ${MODULE}`,
    possible: () => onPath('go') !== undefined,
    install: () => goInstall(MODULE),
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

/** As installNatsServer; a server too old for some tests is replaced where that can be done. */
export function installFullNatsServer() {
  const found = installNatsServer();
  const [newest] = WAYS;
  if (isAtLeast(versionOf(found), FULL_NATS_SERVER) || process.env.MILLRACE_NATS_SERVER || !newest.possible())
    return found;
  process.stderr.write(`millrace: ${found} is older than ${FULL_NATS_SERVER}, trying "${newest.name}" ...\n`);
  newest.install();
  return findNatsServer();
}

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
