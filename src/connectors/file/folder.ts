import { mkdir, open } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Makes the folder and those above it, so that a power cut does not undo it. */
export async function makeFolder(folder: string): Promise<void> {
  const first = await mkdir(folder, { recursive: true });
  if (first === undefined) return;
  for (let made = folder; made.length >= first.length; made = dirname(made)) await syncFolder(dirname(made));
}

/** Names given and taken in the folder so far survive a power cut. */
export async function syncFolder(folder: string): Promise<void> {
  // Windows opens no folders, and keeps its names in a journal.
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
