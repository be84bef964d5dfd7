import { InternalError } from '../base/errors.ts';

const TOKEN = /^[A-Za-z0-9_-][A-Za-z0-9_.-]*$/;
const PATH_CHARS_MAX = 512;

/** @throws InternalError for a path that could leave its store: paths are made of ids by Millrace, never of what people write */
export function checkSnapshotPath(path: string): void {
  if (isSnapshotPath(path)) return;
  throw new InternalError(`"${path.slice(0, 120)}" is no path of a snapshot store`);
}

/** A folder may also be the whole store. @throws InternalError */
export function checkSnapshotFolder(folder: string): void {
  if (folder !== '') checkSnapshotPath(folder);
}

/** Whether a name found in a store is one that the store made; others (temporary files, what people put there) are not seen. */
export function isSnapshotPath(path: string): boolean {
  return path.length <= PATH_CHARS_MAX && path.split('/').every((token) => TOKEN.test(token));
}

/** @throws InternalError for a range that no file has */
export function checkRange(path: string, offset: number, length: number | undefined): void {
  const whole = (value: number): boolean => Number.isSafeInteger(value) && value >= 0;
  if (whole(offset) && (length === undefined || whole(length))) return;
  throw new InternalError(`reading ${length} bytes at ${offset} of ${path}: not a range of a file`);
}
