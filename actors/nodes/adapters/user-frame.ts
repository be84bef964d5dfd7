import { fileURLToPath } from 'node:url';

/** Where this package's own code lives: frames below it are not the user's. */
const OWN = new URL('../../../', import.meta.url);
const OWN_FOLDERS = ['src/', 'actors/', 'dist/', 'node_modules/'].map((folder) => new URL(folder, OWN).href);

/** ` (at <file>:<line>:<column>)` of the first stack frame in user code; empty when there is none. */
export function userFrame(error: unknown): string {
  const stack = error instanceof Error ? (error.stack ?? '') : '';
  for (const line of stack.split('\n')) {
    const match = /(?:\(|at )((?:file:\/\/|\/)[^()]*?):(\d+):(\d+)\)?$/.exec(line.trim());
    if (match === null) continue;
    const [, file = '', row, column] = match;
    const url = file.startsWith('file://') ? file : `file://${file}`;
    if (OWN_FOLDERS.some((own) => url.startsWith(own)) || url.includes('/node_modules/')) continue;
    return ` (at ${fileURLToPath(url.replace(/\?.*$/, ''))}:${row}:${column})`;
  }
  return '';
}
