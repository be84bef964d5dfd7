import { hostname } from 'node:os';
import { errorCode } from '../../../src/storage/filesystem/sync-folder.ts';

/** Which process this is, and whether others of its host live. */
export interface Processes {
  readonly host: string;
  readonly processId: number;
  isAlive(processId: number): boolean;
}

export const thisProcess: Processes = {
  host: hostname(),
  processId: process.pid,
  isAlive: (processId) => {
    try {
      process.kill(processId, 0);
      return true;
    } catch (error) {
      // It lives, and is somebody else's.
      return errorCode(error) === 'EPERM';
    }
  },
};
