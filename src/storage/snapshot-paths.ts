import { InternalError } from '../base/errors.ts';

const TOKEN = /^[A-Za-z0-9_-][A-Za-z0-9_.-]*$/;
const PATH_CHARS_MAX = 512;

/** @throws InternalError for a path that could leave its store: paths are made of ids by Millrace, never of what people write */
export function checkSnapshotPath(path: string): void {
  if (path.length <= PATH_CHARS_MAX && path.split('/').every((token) => TOKEN.test(token))) return;
  throw new InternalError(`"${path.slice(0, 120)}" is no path of a snapshot store`);
}
