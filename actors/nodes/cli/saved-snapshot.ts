import { resolve } from 'node:path';
import { NodeSnapshotStores } from '../adapters/snapshot-stores.ts';
import { systemClock } from '../adapters/system-clock.ts';
import { systemRandom } from '../adapters/system-random.ts';
import { openSnapshot } from '../../../src/state/snapshot/open-snapshot.ts';
import type { OpenedSnapshot } from '../../../src/state/snapshot/open-snapshot.ts';
import { clientLogger, configurationOf } from './options.ts';
import type { Cli, ConfigurationOptions } from './options.ts';

/** Opens a savepoint or kept checkpoint from here, without a cluster; a path may be relative. */
export async function openSaved(
  cli: Cli,
  path: string,
  options: ConfigurationOptions,
): Promise<OpenedSnapshot> {
  const stores = new NodeSnapshotStores({
    clock: systemClock,
    random: systemRandom,
    logger: clientLogger(cli),
    configuration: configurationOf(cli, options),
  });
  return openSnapshot(stores, absolutePlace(path));
}

/** A place as a node understands it: a relative path is meant from here. */
export function absolutePlace(path: string): string {
  return /^[a-z][a-z0-9+-]*:/i.test(path) ? path : resolve(path);
}
