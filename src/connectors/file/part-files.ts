import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

/** Whose parts: a subtask's attempt, in a folder. */
export interface PartPlace {
  readonly folder: string;
  readonly extension: string;
  readonly subtask: number;
  readonly attempt: number;
}

/** Where a part stands when it is complete. */
export function finishedPart(place: PartPlace, index: number): string {
  return join(place.folder, `part-${place.subtask}-${index}.${place.extension}`);
}

/** Where it is written: hidden, and apart from those of other attempts that may still run. */
export function unfinishedPart(place: PartPlace, index: number): string {
  return join(place.folder, `.part-${place.subtask}-${index}.${place.extension}.inprogress-${place.attempt}`);
}

/** Removes what attempts before this one left unfinished, as after a crash. */
export async function removeLeftovers(place: PartPlace): Promise<void> {
  const unfinished = new RegExp(`^\\.part-${place.subtask}-\\d+\\.${place.extension}\\.inprogress-(\\d+)$`);
  await removeMatching(
    place.folder,
    (name) => Number(unfinished.exec(name)?.[1] ?? Infinity) <= place.attempt,
  );
}

/** Removes parts of an earlier run that the finished one did not replace: of this subtask, and of subtasks there are no more. */
export async function removeOutdated(place: PartPlace, parts: number, parallelism: number): Promise<void> {
  const finished = new RegExp(`^part-(\\d+)-(\\d+)\\.${place.extension}$`);
  await removeMatching(place.folder, (name) => {
    const match = finished.exec(name);
    if (match === null) return false;
    const subtask = Number(match[1]);
    if (subtask === place.subtask) return Number(match[2]) >= parts;
    return place.subtask === 0 && subtask >= parallelism;
  });
}

async function removeMatching(folder: string, matches: (name: string) => boolean): Promise<void> {
  for (const name of await readdir(folder)) if (matches(name)) await rm(join(folder, name), { force: true });
}
