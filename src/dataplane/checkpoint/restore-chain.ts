import type { OperatorId } from '../../base/ids.ts';
import type { TaskInfo } from '../../functions/context.ts';
import type { Clock } from '../../ports/clock.ts';
import type { SnapshotStore } from '../../ports/snapshot-store.ts';
import { keyGroupRange, redistributeOperatorState } from '../../state/index.ts';
import type { KeyedStateBackend, KeyedStates, OperatorStateSnapshot } from '../../state/index.ts';
import { assignState } from '../../state/snapshot/manifest.ts';
import type { AssignedState } from '../../state/snapshot/manifest.ts';
import { decodeOperatorState } from '../../state/snapshot/operator-state-codec.ts';
import { StateReader } from '../../state/snapshot/state-reader.ts';
import { newKeyedState } from '../chain/build-chain.ts';
import type { RestoredOperator } from '../chain/build-chain.ts';
import type { RestorePoint } from './task-checkpointing.ts';

/** Reads what a checkpoint holds for the operators of one subtask. @throws as StateReader and readManifest */
export async function restoreChain(
  restoreFrom: RestorePoint,
  operators: readonly OperatorId[],
  taskInfo: Omit<TaskInfo, 'operatorName'>,
  clock: Clock,
  keyedStates: KeyedStates,
): Promise<ReadonlyMap<OperatorId, RestoredOperator>> {
  const { manifest, store } = restoreFrom;
  const { indexOfThisSubtask: subtaskIndex, numberOfParallelSubtasks: parallelism } = taskInfo;
  const keyGroups = keyGroupRange(subtaskIndex, taskInfo.maxNumberOfParallelSubtasks, parallelism);
  const restored = new Map<OperatorId, RestoredOperator>();
  for (const operatorId of operators) {
    const assigned = assignState(manifest, operatorId, { subtaskIndex, parallelism, keyGroups });
    if (assigned === undefined) continue;
    restored.set(operatorId, {
      operatorState: await restoreOperatorState(assigned, subtaskIndex, parallelism, store),
      ...(await restoreKeyed(assigned, () => newKeyedState(keyedStates, taskInfo, clock), restoreFrom)),
    });
  }
  return restored;
}

async function restoreOperatorState(
  { operatorStates }: AssignedState,
  subtaskIndex: number,
  parallelism: number,
  store: SnapshotStore,
): Promise<OperatorStateSnapshot> {
  const snapshots: OperatorStateSnapshot[] = [];
  for (const state of operatorStates) {
    if (state === undefined) snapshots.push([]);
    else
      snapshots.push(decodeOperatorState(state instanceof Uint8Array ? state : await store.read(state.path)));
  }
  return redistributeOperatorState(snapshots, parallelism)[subtaskIndex] ?? [];
}

async function restoreKeyed(
  { keyed }: AssignedState,
  newBackend: () => KeyedStateBackend,
  { store, own }: RestorePoint,
): Promise<Pick<RestoredOperator, 'keyed' | 'files'>> {
  if (keyed.length === 0) return { keyed: undefined };
  const backend = newBackend();
  for (const { files } of keyed) {
    const readers: StateReader[] = [];
    for (const { path } of files) readers.push(await StateReader.open(store, path));
    await backend.restore(readers);
  }
  const [chain, ...others] = keyed;
  const { start, end } = backend.keyGroups;
  const isSame = others.length === 0 && chain?.keyGroups.start === start && chain.keyGroups.end === end;
  if (!own || !isSame || backend.goOnFromRestored === undefined) return { keyed: backend };
  backend.goOnFromRestored();
  return { keyed: backend, files: chain.files };
}
