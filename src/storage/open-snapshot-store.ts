import { realpath } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { ConfigurationError, UserError } from '../base/errors.ts';
import type { Clock } from '../ports/clock.ts';
import type { Logger } from '../ports/logger.ts';
import type { Random } from '../ports/random.ts';
import type { SnapshotStore } from '../ports/snapshot-store.ts';
import type { NatsTransport } from '../transport/nats/nats-transport.ts';
import { FilesystemSnapshotStore } from './filesystem/snapshot-store.ts';
import { errorCode } from './filesystem/sync-folder.ts';
import { PrefixedSnapshotStore } from './prefixed-snapshot-store.ts';
import { NatsSnapshotStore } from './nats/snapshot-store.ts';
import type { S3Settings } from './s3/settings.ts';
import { type SnapshotPlace, isBelow, parseSnapshotUri } from './snapshot-uri.ts';

export interface OpenSnapshotStoreOptions {
  readonly random: Random;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly s3: S3Settings;
  /** The cluster's connection, for `nats-objects:`; undefined where the cluster runs without NATS. */
  readonly nats?: NatsTransport | undefined;
  /** URIs below which stores may be opened; undefined allows every place. For paths that come from outside. */
  readonly allowedRoots?: readonly string[] | undefined;
  /** Whether it is opened to be read: a directory that is not there is not made. */
  readonly existing?: boolean;
}

/**
 * Opens the store at a URI: `file:///…` or an absolute path, `s3://bucket/prefix`, `nats-objects:bucket`.
 *
 * @throws ConfigurationError for another URI, UserError for a place outside the allowed roots, StoreError when it cannot be used
 */
export async function openSnapshotStore(
  uri: string,
  options: OpenSnapshotStoreOptions,
): Promise<SnapshotStore> {
  const place = parseSnapshotUri(uri);
  await checkAllowed(uri, place, options.allowedRoots);
  const { random, clock, logger, s3, nats, existing = false } = options;
  switch (place.kind) {
    case 'file':
      return FilesystemSnapshotStore.open({ directory: place.directory, random, clock, existing });
    case 's3': {
      // The AWS SDK is large: only who uses it loads it.
      const { S3SnapshotStore } = await import('./s3/snapshot-store.ts');
      return S3SnapshotStore.open({ bucket: place.bucket, prefix: place.prefix, settings: s3, random });
    }
    case 'nats':
      if (nats === undefined)
        throw new ConfigurationError(
          `"${uri}" needs a cluster over NATS, this one runs without; use file:///directory`,
        );
      return inFolder(
        await NatsSnapshotStore.open({ transport: nats, clock, logger, bucket: place.bucket }),
        place.prefix,
      );
  }
}

function inFolder(store: SnapshotStore, folder: string): SnapshotStore {
  return folder === '' ? store : new PrefixedSnapshotStore(store, folder);
}

async function checkAllowed(
  uri: string,
  place: SnapshotPlace,
  roots: readonly string[] | undefined,
): Promise<void> {
  if (roots === undefined) return;
  const real = await withoutLinks(place);
  for (const root of roots) if (isBelow(real, await withoutLinks(parseSnapshotUri(root)))) return;
  throw new UserError(
    `"${uri}" is outside the allowed roots (${roots.join(', ') || 'none'}): use a path below one of them`,
  );
}

async function withoutLinks(place: SnapshotPlace): Promise<SnapshotPlace> {
  return place.kind === 'file' ? { ...place, directory: await realPathOf(place.directory) } : place;
}

/** The real path of a directory of which only the beginning need exist. */
async function realPathOf(directory: string): Promise<string> {
  for (let there = directory; ; there = dirname(there)) {
    try {
      return join(await realpath(there), relative(there, directory));
    } catch (error) {
      if (errorCode(error) !== 'ENOENT' || there === dirname(there)) throw error;
    }
  }
}
