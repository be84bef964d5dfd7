// `npm run docs` writes the generated parts of the documentation; with --check it only says which are out of date.
import { readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { ROOT } from '../setup/install.mjs';
import { findPages } from './pages.ts';
import { replacePart } from './replace.ts';

const { values } = parseArgs({ options: { check: { type: 'boolean', default: false } } });

let stale = 0;
for (const { file, parts } of await findPages(ROOT)) {
  const path = join(ROOT, file);
  const before = readFileSync(path, 'utf8');
  let after = before;
  for (const [name, text] of Object.entries(parts))
    after = replacePart(after, name, text, relative(ROOT, path));
  if (after === before) continue;
  stale++;
  console.log(values.check ? `${file} is out of date: npm run docs` : `${file} written`);
  if (!values.check) writeFileSync(path, after);
}
if (stale === 0) console.log('every generated part is current');
process.exitCode = values.check && stale > 0 ? 1 : 0;
