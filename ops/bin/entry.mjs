// Starts the command line's main under a Node that `millrace.mjs` has chosen.
import { existsSync } from 'node:fs';

const source = new URL('../../actors/nodes/cli/main.ts', import.meta.url);
const compiled = new URL('../../dist/actors/nodes/cli/main.js', import.meta.url);
const { main } = await import(existsSync(source) ? source.href : compiled.href);

process.exitCode = await main(process.argv.slice(2));
