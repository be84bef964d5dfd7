import { rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { MillraceError } from '../../base/errors.ts';
import type { CommitRequest, Committer } from '../../functions/sink.ts';
import { fileError } from './file-error.ts';
import { syncFolder } from './folder.ts';

/** A part that is complete on the disk under a hidden name. */
export interface PendingFile {
  readonly folder: string;
  readonly pending: string;
  readonly target: string;
  readonly bytes: number;
}

/** A part of a complete checkpoint is gone: its records are lost. */
export class FileCommitError extends MillraceError {
  constructor(message: string, cause?: unknown) {
    super(message, { domain: 'external', retryable: false, cause });
  }
}

/** Gives parts their names. A part that has its name already was committed before. */
export class FileCommitter implements Committer<PendingFile> {
  async commit(requests: readonly CommitRequest<PendingFile>[]): Promise<void> {
    for (const request of requests) {
      if (!(await nameFile(request.committable))) request.signalAlreadyCommitted();
    }
    for (const folder of new Set(requests.map(({ committable }) => committable.folder))) {
      try {
        await syncFolder(folder);
      } catch (error) {
        throw fileError('commit to', folder, error);
      }
    }
  }
}

/** False where it has its name already. */
async function nameFile({ folder, pending, target, bytes }: PendingFile): Promise<boolean> {
  try {
    await rename(join(folder, pending), join(folder, target));
    return true;
  } catch (error) {
    if (!isMissing(error)) throw fileError('commit', join(folder, target), error);
    await checkCommitted(join(folder, target), bytes);
    return false;
  }
}

/** @throws FileCommitError when the file is not there, or is another one */
async function checkCommitted(path: string, bytes: number): Promise<void> {
  let size: number;
  try {
    ({ size } = await stat(path));
  } catch (error) {
    if (!isMissing(error)) throw fileError('commit', path, error);
    throw new FileCommitError(
      `${path} belongs to a complete checkpoint and is gone, also under its hidden name: somebody removed it; ` +
        'leave hidden files of the folder to the sink, and start the job from a checkpoint or savepoint before it',
      error,
    );
  }
  if (size === bytes) return;
  throw new FileCommitError(
    `${path} should have ${bytes} bytes and has ${size}: somebody changed or replaced a file of a complete checkpoint`,
  );
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
