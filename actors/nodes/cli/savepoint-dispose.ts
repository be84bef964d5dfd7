import { disposeOpened } from '../dispose-savepoint.ts';
import { EXIT } from './describe-error.ts';
import type { Cli, ConfigurationOptions } from './options.ts';
import { openSaved } from './saved-snapshot.ts';

/** `millrace savepoint --dispose <path>` */
export async function dispose(cli: Cli, path: string, options: ConfigurationOptions): Promise<void> {
  const files = await disposeOpened(await openSaved(cli, path, options), path);
  if (cli.json) cli.terminal.json({ type: 'savepointDisposed', path, files });
  else cli.terminal.out(`Removed ${path} (${files} files)`);
  cli.exitCode = EXIT.ok;
}
