import type { OperatorId } from '../../base/ids.ts';
import type { Key } from '../../functions/basic.ts';
import type { PartitionerSpec } from '../../graph/chain-plan.ts';
import { keyGroupFor, subtaskForKeyGroup } from '../../state/index.ts';
import { inFlightFiles } from '../../state/snapshot/manifest.ts';
import { decodeInFlight } from './in-flight.ts';
import type { InFlightRecord } from './in-flight.ts';
import type { RestorePoint } from './task-checkpointing.ts';

export interface InFlightPlace {
  readonly subtaskIndex: number;
  readonly parallelism: number;
  readonly maxParallelism: number;
}

/**
 * Records that an unaligned checkpoint found on their way to this subtask. With another parallelism they are shared out as
 * their edge does it: by key, all to each, or in turns.
 * @param partitionerOf how records of an edge are spread; undefined for an edge that is no more
 */
export async function restoreInFlight(
  { manifest, store }: RestorePoint,
  headOperator: OperatorId,
  place: InFlightPlace,
  partitionerOf: (edgeId: string) => PartitionerSpec | undefined,
): Promise<readonly InFlightRecord[]> {
  const { parallelism, files } = inFlightFiles(manifest, headOperator);
  const rescaled = parallelism !== place.parallelism;
  const records: InFlightRecord[] = [];
  let turn = 0;
  for (const [from, file] of files.entries()) {
    if (file === undefined || (!rescaled && from !== place.subtaskIndex)) continue;
    for (const record of decodeInFlight(file.path, await store.read(file.path))) {
      turn += 1;
      const mine =
        !rescaled ||
        isMine(record, partitionerOf(record.edgeId), place, {
          from,
          turn,
          subtasks: files.length,
        });
      if (mine) records.push(record);
    }
  }
  return records;
}

function isMine(
  { value }: InFlightRecord,
  partitioner: PartitionerSpec | undefined,
  { subtaskIndex, parallelism, maxParallelism }: InFlightPlace,
  { from, turn, subtasks }: { readonly from: number; readonly turn: number; readonly subtasks: number },
): boolean {
  switch (partitioner?.kind) {
    case 'hash': {
      const group = keyGroupFor(partitioner.keySelector(value), maxParallelism);
      return subtaskForKeyGroup(group, maxParallelism, parallelism) === subtaskIndex;
    }
    // Every old subtask had a copy on its way; broadcast state is taken over from the same one.
    case 'broadcast':
      return from === subtaskIndex % subtasks;
    case 'custom':
      return partitioner.partitioner(partitioner.keySelector(value) as Key, parallelism) === subtaskIndex;
    case 'global':
      return subtaskIndex === 0;
    case 'forward':
    case 'rebalance':
    case 'rescale':
    case 'shuffle':
    case undefined:
      return turn % parallelism === subtaskIndex;
  }
}
