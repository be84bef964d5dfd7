// `npm run build`: compiles src and actors into dist/, beside them the files that are not TypeScript (the dashboard's page).
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, globSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './install.mjs';

const DIST = join(ROOT, 'dist');
const ASSETS = '{src,actors}/**/*.{html,css,svg,json,proto}';

rmSync(DIST, { recursive: true, force: true });
const tsc = join(ROOT, 'node_modules', '.bin', 'tsc');
const { status } = spawnSync(process.execPath, [tsc, '--project', 'tsconfig.build.json'], {
  cwd: ROOT,
  stdio: 'inherit',
});
if (status !== 0) {
  console.error('millrace: the package does not compile, nothing was built');
  rmSync(DIST, { recursive: true, force: true });
  process.exitCode = 1;
} else {
  for (const asset of globSync(ASSETS, { cwd: ROOT })) cpSync(join(ROOT, asset), join(DIST, asset));
  const entries = ['src/index.js', 'actors/index.js', 'actors/testing/index.js', 'actors/nodes/cli/main.js'];
  const missing = entries.filter((entry) => !existsSync(join(DIST, entry)));
  if (missing.length > 0) {
    console.error(`millrace: the package's entry points are missing: ${missing.join(', ')}`);
    process.exitCode = 1;
  }
}
