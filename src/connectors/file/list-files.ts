import { glob, readdir, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { UserError } from '../../base/errors.ts';
import { fileError } from './file-error.ts';

/** A file, a directory (read with all below it), a glob pattern, or a `file:` URL. */
export type PathLike = string | URL;

/**
 * Files behind the given paths: absolute, each once, in the order given and sorted by path within a directory or pattern.
 * Names that begin with `.` or `_` are passed over in directories, as Flink does: they are work in progress or metadata.
 *
 * @throws UserError for a path that does not exist and a pattern that nothing matches
 */
export async function listFiles(paths: readonly PathLike[]): Promise<readonly string[]> {
  const files = new Set<string>();
  for (const path of paths) for (const file of await filesAt(pathOf(path))) files.add(file);
  return [...files];
}

/** The path of a URL or a path as it is. */
export function pathOf(path: PathLike): string {
  if (path instanceof URL || path.startsWith('file:')) return fileURLToPath(path);
  if (path === '') throw new UserError('a file path must not be empty');
  return path;
}

async function filesAt(path: string): Promise<readonly string[]> {
  const absolute = resolve(path);
  const found = await stat(absolute).catch((error: unknown) => {
    if (isGlob(path) && error instanceof Error && 'code' in error && error.code === 'ENOENT')
      return undefined;
    throw fileError('read', absolute, error);
  });
  if (found === undefined) return matches(path);
  return found.isDirectory() ? below(absolute) : [absolute];
}

function isGlob(path: string): boolean {
  return /[*?[\]{}]/.test(path);
}

async function matches(pattern: string): Promise<readonly string[]> {
  const files: string[] = [];
  for await (const match of glob(pattern)) {
    const absolute = resolve(match);
    if ((await stat(absolute)).isFile()) files.push(absolute);
  }
  if (files.length === 0) throw new UserError(`no file matches ${resolve(pattern)}`);
  return files.sort();
}

async function below(directory: string): Promise<readonly string[]> {
  try {
    const entries = await readdir(directory, { recursive: true, withFileTypes: true });
    return entries
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .filter((file) => !isHidden(file.slice(directory.length)))
      .sort();
  } catch (error) {
    throw fileError('list', directory, error);
  }
}

function isHidden(path: string): boolean {
  return path.split(/[\\/]/).some((name) => name.startsWith('.') || name.startsWith('_'));
}
