// `node ops/setup/launch.mjs <program> [args]`: installs what is missing, then becomes `<program>` under the pinned Node.
// A program is a file of the repository (.ts, .mjs, .js) or the name of an installed tool (vitest, oxlint, tsc ...).
import { existsSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { findNode, handOver, SOURCE_FLAGS } from '../bin/pinned-node.mjs';
import { install, ROOT } from './install.mjs';

function resolveProgram(name) {
  const file = join(ROOT, name);
  if (/\.(ts|mjs|js)$/.test(name)) {
    if (existsSync(file)) return file;
    throw new Error(`${name} does not exist in ${ROOT}`);
  }
  const tool = join(ROOT, 'node_modules', '.bin', name);
  if (existsSync(tool)) return realpathSync(tool);
  throw new Error(`no file and no installed tool is called "${name}"`);
}

const [program, ...args] = process.argv.slice(2);
try {
  if (program === undefined) throw new Error('usage: node ops/setup/launch.mjs <program> [args]');
  install();
  handOver(findNode(), [...SOURCE_FLAGS, resolveProgram(program), ...args]);
} catch (error) {
  console.error(`millrace: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
