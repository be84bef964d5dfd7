// `npm run lockfile`: after a change of dependencies, adds to package-lock.json what npm left out of it.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './install.mjs';
import { completed, missingPackages, type LockedPackages } from './lockfile.ts';

const file = join(ROOT, 'package-lock.json');
const lock = JSON.parse(readFileSync(file, 'utf8')) as { packages: LockedPackages };
const added = [...missingPackages(lock.packages).keys()];
if (added.length > 0)
  writeFileSync(file, `${JSON.stringify({ ...lock, packages: completed(lock.packages) }, null, 2)}\n`);
console.log(`${added.length} packages of other platforms added to package-lock.json`);
