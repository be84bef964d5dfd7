import type { StateInfo } from '../snapshot/format.ts';
import type { ManifestVertex } from '../snapshot/manifest.ts';
import type { OpenedSnapshot } from '../snapshot/open-snapshot.ts';
import type { StateReader } from '../snapshot/state-reader.ts';
import { openKeyedFiles } from './saved-entries.ts';

/** One state of an operator, over all its subtasks. */
export interface StateSummary extends StateInfo {
  /** Entries written; with incremental checkpoints a key counts once per file that it was written to. */
  readonly entries: number;
  readonly bytes: number;
}

export interface OperatorSummary {
  readonly operatorId: string;
  readonly name: string;
  readonly kind: string;
  readonly uid?: string | undefined;
  readonly parallelism: number;
  readonly maxParallelism: number;
  readonly keyedStates: readonly StateSummary[];
  /** Files of keyed state: those of a savepoint are one per subtask. */
  readonly files: number;
  readonly operatorStateBytes: number;
  /** Of a source: splits that readers hold, and that nobody has yet. */
  readonly splits: number;
  /** Of an unaligned checkpoint: records that were on their way to the operator. */
  readonly inFlightBytes: number;
}

/** What a snapshot holds, operator by operator; reads indexes alone. @throws SnapshotNotFoundError, SnapshotCorruptError */
export async function describeSnapshot(snapshot: OpenedSnapshot): Promise<readonly OperatorSummary[]> {
  const summaries: OperatorSummary[] = [];
  for (const vertex of snapshot.manifest.vertices) {
    for (const [index, operator] of vertex.operators.entries()) {
      const chains = await openKeyedFiles(snapshot, operator.operatorId);
      summaries.push({
        ...operator,
        parallelism: vertex.parallelism,
        maxParallelism: vertex.maxParallelism,
        keyedStates: summarize(chains.flat()),
        files: chains.flat().length,
        operatorStateBytes: operatorStateBytes(vertex, operator.operatorId),
        ...(index === 0 ? ofHead(vertex) : { splits: 0, inFlightBytes: 0 }),
      });
    }
  }
  return summaries;
}

function summarize(readers: readonly StateReader[]): StateSummary[] {
  const summaries = new Map<string, StateSummary>();
  for (const { index } of readers) {
    const infos = index.states;
    for (const info of infos)
      if (!summaries.has(keyOf(info))) summaries.set(keyOf(info), { ...info, entries: 0, bytes: 0 });
    for (const { kind, state, count, length } of index.chunks) {
      const key = keyOf(infos[state] as StateInfo);
      const summary = summaries.get(key) as StateSummary;
      const entries = summary.entries + (kind === 'put' ? count : 0);
      summaries.set(key, { ...summary, entries, bytes: summary.bytes + length });
    }
  }
  return [...summaries.values()];
}

function keyOf({ name, scope }: StateInfo): string {
  return `${scope} ${name}`;
}

function operatorStateBytes({ subtasks }: ManifestVertex, operatorId: string): number {
  let bytes = 0;
  for (const subtask of subtasks) {
    const state = subtask?.operators.find((operator) => operator.operatorId === operatorId)?.operatorState;
    if (state !== undefined) bytes += state instanceof Uint8Array ? state.byteLength : state.size;
  }
  return bytes;
}

function ofHead({ subtasks, enumerator }: ManifestVertex): Pick<OperatorSummary, 'splits' | 'inFlightBytes'> {
  let splits = enumerator?.length ?? 0;
  let inFlightBytes = 0;
  for (const subtask of subtasks) {
    splits += subtask?.splits?.length ?? 0;
    inFlightBytes += subtask?.inFlight?.size ?? 0;
  }
  return { splits, inFlightBytes };
}
