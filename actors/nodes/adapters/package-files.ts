import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

/** The folder of this package's `package.json`: the repository, or where it is installed (this file is then in `dist`). */
export function packageRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'package.json'))) {
    const parent = dirname(folder);
    if (parent === folder)
      throw new Error('the package of millrace is incomplete: its package.json is missing');
    folder = parent;
  }
  return folder;
}

export function packageVersion(): string {
  const manifest = JSON.parse(readFileSync(join(packageRoot(), 'package.json'), 'utf8')) as {
    version: string;
  };
  return manifest.version;
}

/** Node's arguments that start the command line again as a child: the same Node, its flags, then `verb` and its own. */
export function cliArguments(verb: string, args: readonly string[], flags: readonly string[] = []): string[] {
  return [...process.execArgv, ...flags, join(packageRoot(), 'ops/bin/entry.mjs'), verb, ...args];
}

interface NatsServerSetup {
  installNatsServer(): string;
}

/** The nats-server executable of this machine, installed first when there is none. @throws what to install by hand */
export async function obtainNatsServer(): Promise<string> {
  const file = pathToFileURL(join(packageRoot(), 'ops/setup/nats-server.mjs')).href;
  const setup = (await import(file)) as NatsServerSetup;
  return setup.installNatsServer();
}
