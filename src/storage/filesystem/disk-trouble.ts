import { errorCode } from './sync-folder.ts';

const CURES: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full; free space on it or choose a directory on another one',
  EDQUOT: "the user's disk quota is used up; free space or raise the quota",
  EROFS: 'the file system is mounted read-only; choose another directory',
  EACCES: "the process's user may not do this; give it rights on the directory",
  EPERM: "the process's user may not do this; give it rights on the directory",
  EMFILE: 'the process has too many files open; raise its limit (ulimit -n)',
  ENFILE: 'the machine has too many files open; raise fs.file-max',
  EIO: 'the disk reported a fault; look at the kernel log',
  ENOTDIR: 'a part of the path is a file; has something else written there?',
  ELOOP: 'it is a symbolic link, which stores do not follow; move the data itself there',
  ESTALE: 'the network file system has lost it; look at the mount',
};

/** A system error with what to do about it in front; any other as it is. */
export function explained(cause: unknown): unknown {
  const cure = CURES[errorCode(cause) ?? ''];
  return cure === undefined ? cause : new Error(`${cure} (${(cause as Error).message})`, { cause });
}
