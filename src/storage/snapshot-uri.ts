import { isAbsolute, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ConfigurationError } from '../base/errors.ts';

/** Where a URI of a checkpoint or savepoint directory leads. */
export type SnapshotPlace =
  | { readonly kind: 'file'; readonly directory: string }
  | { readonly kind: 's3'; readonly bucket: string; readonly prefix: string }
  | { readonly kind: 'nats'; readonly bucket: string; readonly prefix: string };

const ALLOWED =
  'file:///directory, an absolute path, s3://bucket/prefix, or nats-objects:bucket (for development only)';

/** @throws ConfigurationError naming what is allowed */
export function parseSnapshotUri(uri: string): SnapshotPlace {
  const text = uri.trim();
  if (isAbsolute(text)) return { kind: 'file', directory: resolve(text) };
  const scheme = /^([a-z][a-z0-9+-]*):/i.exec(text)?.[1]?.toLowerCase();
  switch (scheme) {
    case 'file':
      return { kind: 'file', directory: directoryOf(text) };
    // Flink's names for its two S3 file systems.
    case 's3':
    case 's3a':
    case 's3p':
      return s3Place(text);
    case 'nats-objects': {
      const [bucket = '', ...folders] = text.slice('nats-objects:'.length).split('/');
      if (/^[A-Za-z0-9_-]{1,128}$/.test(bucket)) return { kind: 'nats', bucket, prefix: folders.join('/') };
      throw wrong(text, 'a bucket has letters, digits, "_" and "-"');
    }
    case undefined:
      throw wrong(text, 'it is a relative path');
    default:
      throw wrong(text, `"${scheme}:" is not known`);
  }
}

/** Whether a place is the root or lies below it, by name; links of file systems are the caller's to resolve. */
export function isBelow(place: SnapshotPlace, root: SnapshotPlace): boolean {
  switch (root.kind) {
    case 'file':
      return place.kind === 'file' && startsWithFolder(place.directory, root.directory);
    case 's3':
      return (
        place.kind === 's3' && place.bucket === root.bucket && startsWithFolder(place.prefix, root.prefix)
      );
    case 'nats':
      return (
        place.kind === 'nats' && place.bucket === root.bucket && startsWithFolder(place.prefix, root.prefix)
      );
  }
}

function startsWithFolder(path: string, folder: string): boolean {
  return folder === '' || path === folder || path.startsWith(folder.endsWith('/') ? folder : `${folder}/`);
}

function directoryOf(text: string): string {
  try {
    return resolve(fileURLToPath(text));
  } catch (cause) {
    throw wrong(text, (cause as Error).message, cause);
  }
}

function s3Place(text: string): SnapshotPlace {
  const match = /^s3[ap]?:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/+(.*?))?\/*$/i.exec(text);
  const [, bucket, prefix = ''] = match ?? [];
  if (bucket === undefined) throw wrong(text, 'a bucket follows "s3://"');
  if (prefix !== '' && prefix.split('/').some((part) => ['', '.', '..'].includes(part)))
    throw wrong(text, 'a part of its path is empty, "." or ".."');
  return { kind: 's3', bucket, prefix };
}

function wrong(text: string, what: string, cause?: unknown): ConfigurationError {
  return new ConfigurationError(
    `"${text.slice(0, 200)}" is no place for checkpoints or savepoints: ${what}; allowed are ${ALLOWED}`,
    { cause },
  );
}
