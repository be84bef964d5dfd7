import { UserError } from '../../../src/base/errors.ts';
import { filesOf } from '../../../src/state/snapshot/manifest.ts';
import { EXIT } from './describe-error.ts';
import type { Cli, ConfigurationOptions } from './options.ts';
import { openSaved } from './saved-snapshot.ts';

/** `millrace savepoint --dispose <path>`: removes the files of a savepoint, its manifest last. */
export async function dispose(cli: Cli, path: string, options: ConfigurationOptions): Promise<void> {
  const { store, manifest, location } = await openSaved(cli, path, options);
  if (manifest.kind !== 'savepoint')
    throw new UserError(
      `${path} is a checkpoint: its files may be part of later ones, and its job removes them; only savepoints are disposed of`,
    );
  const files = filesOf(manifest);
  await store.delete(files);
  await store.delete([location.path]);
  if (cli.json) cli.terminal.json({ type: 'savepointDisposed', path, files: files.length + 1 });
  else cli.terminal.out(`Removed ${path} (${files.length + 1} files)`);
  cli.exitCode = EXIT.ok;
}
