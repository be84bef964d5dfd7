/**
 * Which files of a job's checkpoints nobody needs: what a subtask wrote for a checkpoint that was never decided, what could not be
 * deleted when it was subsumed.
 *
 * A file without a reference may still be needed: a subtask's next snapshot builds on the files of a checkpoint that it has
 * acknowledged and others have not. So a file is an orphan only if it was found twice, and a checkpoint that began after the first
 * time is complete without it: that names every file that snapshots of its subtasks build on.
 */

/** What was found without a reference, and when. */
export interface SweepMark {
  readonly unreferenced: ReadonlySet<string>;
  /** Checkpoints with this id and higher began after the files were listed. */
  readonly nextId: number;
}

export interface Sweep {
  readonly orphans: readonly string[];
  readonly mark: SweepMark;
}

export interface SweepInput {
  readonly before: SweepMark | undefined;
  /** Paths of all files there are, at the time of `nextId` at the latest. */
  readonly listed: readonly string[];
  /** Files of all checkpoints that exist. None older than the one just completed may be under way. */
  readonly referenced: ReadonlySet<string>;
  /** The checkpoint just completed; undefined where a leader begins. */
  readonly completedId: number | undefined;
  readonly nextId: number;
}

export function sweep({ before, listed, referenced, completedId, nextId }: SweepInput): Sweep {
  const unreferenced = new Set(listed.filter((path) => isCheckpointFile(path) && !referenced.has(path)));
  if (before === undefined) return { orphans: [], mark: { unreferenced, nextId } };
  if (completedId === undefined || completedId < before.nextId) return { orphans: [], mark: before };
  const orphans = [...unreferenced].filter((path) => before.unreferenced.has(path));
  for (const path of orphans) unreferenced.delete(path);
  return { orphans, mark: { unreferenced, nextId } };
}

/** Whether a file is part of checkpoints alone: the log of decisions is not, nor is what people keep in the same folder. */
export function isCheckpointFile(path: string): boolean {
  return /^(shared\/[0-9a-f]+|chk-\d+\/_metadata)$/.test(path);
}
