import { createHash } from 'node:crypto';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { END_OF_INPUT_CHECKPOINT } from '../../functions/sink.ts';
import type { SinkWriterContext } from '../../functions/sink.ts';

/** Whose parts: a subtask's attempt, in a folder. */
export interface PartPlace {
  readonly folder: string;
  readonly extension: string;
  readonly subtask: number;
  readonly parallelism: number;
  readonly attempt: number;
  /** Names the sink in its job: what is committed at checkpoints is told apart by it from parts of other runs. */
  readonly stem: string;
  /** Whether checkpoints commit the parts; else the end of the input does, under names that a rerun writes again. */
  readonly checkpointed: boolean;
  /** What was prepared for it and before may still be referred to. */
  readonly restoredCheckpointId: number;
}

export function partPlace(folder: string, extension: string, context: SinkWriterContext): PartPlace {
  const { taskInfo, operatorId, commitsAtCheckpoints, restoredCheckpointId } = context;
  return {
    folder,
    extension,
    subtask: taskInfo.indexOfThisSubtask,
    parallelism: taskInfo.numberOfParallelSubtasks,
    attempt: taskInfo.attemptNumber,
    stem: createHash('sha256').update(`${taskInfo.jobId}/${operatorId}`).digest('hex').slice(0, 12),
    checkpointed: commitsAtCheckpoints || restoredCheckpointId !== undefined,
    restoredCheckpointId: restoredCheckpointId ?? 0,
  };
}

/** Where a part stands when it is complete, in a job without checkpoints. */
export function finishedPart(place: PartPlace, index: number): string {
  return join(place.folder, `part-${place.subtask}-${index}.${place.extension}`);
}

/** Where it is written: hidden, and never referred to by a checkpoint. */
export function unfinishedPart(place: PartPlace, index: number): string {
  const { folder, stem, subtask, extension, attempt } = place;
  const prefix = place.checkpointed ? `${stem}-${subtask}` : `${subtask}`;
  return join(folder, `.part-${prefix}-${index}.${extension}.inprogress-${attempt}`);
}

/** Names of a part that waits for its checkpoint: now, and once it is committed. No other part ever has them. */
export function preparedPart(
  { stem, subtask, extension }: PartPlace,
  checkpointId: number,
  index: number,
): { readonly pending: string; readonly target: string } {
  const checkpoint = checkpointId === END_OF_INPUT_CHECKPOINT ? 'end' : checkpointId;
  const target = `part-${stem}-${subtask}-${checkpoint}-${index}.${extension}`;
  return { pending: `.${target}.pending`, target };
}

/**
 * Removes what attempts before this one left: parts that were never prepared, and those prepared for a checkpoint that does not
 * exist. Subtask 0 removes those of subtasks there are no more, too.
 */
export async function removeLeftovers(place: PartPlace): Promise<void> {
  const { extension, stem, subtask, parallelism } = place;
  const own = (index: number): boolean => index === subtask || (subtask === 0 && index >= parallelism);
  const unfinished = place.checkpointed
    ? new RegExp(`^\\.part-${stem}-(\\d+)-\\d+\\.${extension}\\.inprogress-(\\d+)$`)
    : new RegExp(`^\\.part-(\\d+)-\\d+\\.${extension}\\.inprogress-(\\d+)$`);
  const pending = new RegExp(`^\\.part-${stem}-(\\d+)-(\\d+|end)-\\d+\\.${extension}\\.pending$`);
  await removeMatching(place.folder, (name) => {
    const begun = unfinished.exec(name);
    if (begun !== null)
      return own(Number(begun[1])) && (place.checkpointed || Number(begun[2]) <= place.attempt);
    const prepared = pending.exec(name);
    if (prepared === null || !own(Number(prepared[1]))) return false;
    return prepared[2] === 'end' || Number(prepared[2]) > place.restoredCheckpointId;
  });
}

/** Removes parts of an earlier run that the finished one did not replace: of this subtask, and of subtasks there are no more. */
export async function removeOutdated(place: PartPlace, parts: number): Promise<void> {
  const finished = new RegExp(`^part-(\\d+)-(\\d+)\\.${place.extension}$`);
  await removeMatching(place.folder, (name) => {
    const match = finished.exec(name);
    if (match === null) return false;
    const subtask = Number(match[1]);
    if (subtask === place.subtask) return Number(match[2]) >= parts;
    return place.subtask === 0 && subtask >= place.parallelism;
  });
}

async function removeMatching(folder: string, matches: (name: string) => boolean): Promise<void> {
  for (const name of await readdir(folder)) if (matches(name)) await rm(join(folder, name), { force: true });
}
