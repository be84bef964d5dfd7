import { ExternalError, MillraceError, UserError } from '../../base/errors.ts';

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'it does not exist',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EISDIR: 'it is a directory',
  ENOTDIR: 'a part of the path is no directory',
  EROFS: 'the file system is read-only',
  EEXIST: 'it exists already',
  ENOSPC: 'no space is left on the device',
  EDQUOT: 'the disk quota is used up',
  EFBIG: 'it would become too large for the file system',
  EMFILE: 'too many files are open',
  ENFILE: 'too many files are open on this machine',
};

/** What a person must put right; the others may pass by themselves. */
const BY_USER = new Set(['ENOENT', 'EACCES', 'EPERM', 'EISDIR', 'ENOTDIR', 'EROFS', 'EEXIST']);

/** An error of the file system as one that names the act, the path and the reason. */
export function fileError(act: string, path: string, error: unknown): MillraceError {
  if (error instanceof MillraceError) return error;
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
  const reason = REASONS[code] ?? (error instanceof Error ? error.message : String(error));
  const message = `cannot ${act} ${path}: ${reason}`;
  return BY_USER.has(code)
    ? new UserError(message, { cause: error })
    : new ExternalError(message, { cause: error });
}
