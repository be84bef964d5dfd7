#!/usr/bin/env node
// The `millrace` command. In the repository it runs the TypeScript sources (installing packages first when they are
// missing), in the installed package the compiled JavaScript; always under a Node that can run them.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { findNode, handOver, isNewEnough, SOURCE_FLAGS } from './pinned-node.mjs';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const entry = here('./entry.mjs');

/** Sources are there only in the repository: the package ships dist alone. */
const inRepository = existsSync(here('../setup/install.mjs'));

try {
  if (inRepository) {
    const { install } = await import('../setup/install.mjs');
    install();
    handOver(findNode(), [...SOURCE_FLAGS, entry, ...process.argv.slice(2)]);
  } else if (isNewEnough()) {
    await import('./entry.mjs');
  } else {
    handOver(findNode(), [entry, ...process.argv.slice(2)]);
  }
} catch (error) {
  console.error(`millrace: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
