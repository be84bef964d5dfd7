import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Worker } from 'node:worker_threads';

/**
 * Profiles every slot thread that this process starts from now on, from its start to its end, into
 * `<folder>/<name>-<thread>.cpuprofile`. `node --cpu-prof` writes none for them: a slot's thread is terminated, and what it
 * would write at its exit is lost. So the profile is fetched right before that. Earlier files of the same name are removed.
 */
export function profileSlots(folder: string, name: string): void {
  mkdirSync(folder, { recursive: true });
  for (const file of readdirSync(folder)) if (file.startsWith(`${name}-slot-`)) rmSync(join(folder, file));
  process.on('worker', (worker: Worker) => {
    const thread = worker.threadName;
    const online = new Promise((resolve) => void worker.once('online', resolve));
    const profile = online.then(() => worker.startCpuProfile());
    const terminate = worker.terminate.bind(worker);
    worker.terminate = async () => {
      const text = await (await profile).stop();
      writeFileSync(join(folder, `${name}-${thread}.cpuprofile`), withNamesEscaped(text));
      return terminate();
    };
  });
}

/** Node 26 writes names as they are, and a regular expression's name is its text, with quotes and backslashes. */
function withNamesEscaped(profile: string): string {
  return profile.replaceAll(
    /("functionName":)"(.*?)"(,"lineNumber":)/gs,
    (_all, key: string, name: string, next: string) => `${key}${JSON.stringify(name)}${next}`,
  );
}
