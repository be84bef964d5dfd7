// Finds or fetches the Prometheus programs that tests run (prometheus, promtool); as a program it prints their folder.
// In order: $MILLRACE_PROMETHEUS (a folder), the PATH, this repository's cache, Debian's package, which is unpacked and not installed.
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CACHE, onPath, run } from './go-install.mjs';

const PROGRAMS = ['prometheus', 'promtool'];

export function findPrometheus() {
  const onItsPath = onPath('promtool');
  const folders = [process.env.MILLRACE_PROMETHEUS, onItsPath && dirname(onItsPath), CACHE];
  return folders.find((folder) => folder && PROGRAMS.every((name) => existsSync(join(folder, name))));
}

export function installPrometheus() {
  const found = findPrometheus();
  if (found !== undefined) return found;
  const byHand = 'Put prometheus and promtool on the PATH, or set MILLRACE_PROMETHEUS to their folder.';
  if (onPath('apt-get') === undefined || onPath('dpkg-deb') === undefined)
    throw new Error(`no Prometheus here, and no Debian to get it from. ${byHand}`);
  process.stderr.write('millrace: no Prometheus here, trying "apt-get download prometheus" ...\n');
  const failure = unpackPackage();
  const unpacked = findPrometheus();
  if (unpacked !== undefined) return unpacked;
  throw new Error(`no Prometheus here, and getting Debian's failed: ${failure ?? 'it gave none'}\n${byHand}`);
}

function unpackPackage() {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-prometheus-'));
  try {
    const fetched = run('sh', ['-c', 'cd "$1" && apt-get download prometheus', 'sh', folder], process.env);
    const [file] = readdirSync(folder).filter((name) => name.endsWith('.deb'));
    if (file === undefined) return fetched ?? 'nothing was downloaded';
    const failure = run('dpkg-deb', ['-x', join(folder, file), join(folder, 'x')], process.env);
    if (failure !== undefined) return failure;
    mkdirSync(CACHE, { recursive: true });
    for (const name of PROGRAMS) copyFileSync(join(folder, 'x', 'usr', 'bin', name), join(CACHE, name));
    return undefined;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  try {
    console.log(installPrometheus());
  } catch (error) {
    console.error(`millrace: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 1;
  }
}
