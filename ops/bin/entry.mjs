// Starts the command line's main under a Node that `millrace.mjs` has chosen.
import { existsSync } from 'node:fs';

const source = new URL('../../actors/nodes/cli/main.ts', import.meta.url);
const compiled = new URL('../../dist/actors/nodes/cli/main.js', import.meta.url);
const { main } = await import(existsSync(source) ? source.href : compiled.href);

const code = await main(process.argv.slice(2));
// A job's module may have left timers or sockets open: they must not keep a command that is done.
await Promise.all(
  [process.stdout, process.stderr].map((stream) => new Promise((done) => stream.write('', done))),
);
process.exit(code);
