import { beforeEach, describe, expect, it } from 'vitest';
import type { JobId, OperatorId } from '../../base/ids.ts';
import { ValueStateDescriptor } from '../../functions/state.ts';
import type { SnapshotFileRef } from '../../protocol/checkpoint.ts';
import { HEAP_STATES, keyGroupRange } from '../../state/index.ts';
import type { KeyedStates } from '../../state/index.ts';
import type { Manifest } from '../../state/snapshot/manifest.ts';
import { StateWriter } from '../../state/snapshot/state-writer.ts';
import { openDisaggregatedStates } from '../../storage/rocksdb/open-keyed-states.ts';
import { MemoryLocalStore } from '../../storage/memory/local-store.ts';
import { MemorySnapshotStore } from '../../storage/memory/snapshot-store.ts';
import { SimulatedClock } from '../../testing/simulated-clock.ts';
import { KeyedFiles } from './keyed-files.ts';
import { restoreChain } from './restore-chain.ts';

const OPERATOR = 'counts' as OperatorId;
const MAX_PARALLELISM = 8;
const clock = new SimulatedClock({ startAt: 0 });

const local = { openStore: () => Promise.resolve(new MemoryLocalStore()), loadBytes: 1 };
const settings = {
  directory: undefined,
  workingSetBytes: 1,
  blockCacheBytes: 1,
  blockBytes: 1,
  writeBufferBytes: 1,
  bloomBitsPerKey: 0,
  compaction: 'universal',
  compression: 'snappy',
  threads: 1,
} as const;

let store: MemorySnapshotStore;
let manifest: Manifest;

/** A file per subtask of a job of parallelism 2. */
async function saved(index: number): Promise<SnapshotFileRef> {
  const range = keyGroupRange(index, MAX_PARALLELISM, 2);
  const backend = HEAP_STATES.create(range, MAX_PARALLELISM, clock);
  const path = `file-${index}`;
  const run = backend.beginSnapshot(
    (states) => new StateWriter(store.create(path), states, range, MAX_PARALLELISM),
    'base',
  );
  backend.getState(new ValueStateDescriptor('count'));
  run.step(() => false);
  return { path, size: (await run.finish()).bytes };
}

beforeEach(async () => {
  store = new MemorySnapshotStore();
  const subtasks = [];
  for (const index of [0, 1])
    subtasks.push({
      operators: [
        {
          operatorId: OPERATOR,
          keyed: { keyGroups: keyGroupRange(index, MAX_PARALLELISM, 2), files: [await saved(index)] },
        },
      ],
    });
  const operators = [{ operatorId: OPERATOR, name: 'counts', kind: 'reduce' }];
  manifest = {
    version: 1,
    jobId: 'job',
    jobName: 'job',
    checkpointId: 7,
    kind: 'checkpoint',
    triggeredAt: 0,
    vertices: [{ operators, parallelism: 2, maxParallelism: MAX_PARALLELISM, subtasks }],
  };
});

/** The paths that the first checkpoint of the second subtask may build on. */
async function builtOn(
  states: KeyedStates,
  own: boolean,
  parallelism: number,
): Promise<string[] | undefined> {
  const restored = await restoreChain(
    { manifest, store, own },
    [OPERATOR],
    {
      jobId: 'job' as JobId,
      jobName: 'job',
      taskName: 'counts',
      indexOfThisSubtask: parallelism - 1,
      numberOfParallelSubtasks: parallelism,
      maxNumberOfParallelSubtasks: MAX_PARALLELISM,
      attemptNumber: 1,
      leaderEpoch: 1,
    },
    clock,
    states,
  );
  return restored.get(OPERATOR)?.files?.map(({ path }) => path);
}

describe('what the first checkpoint after a restore builds on', () => {
  it("when a subtask goes on with its key groups from its job's own checkpoint, then on the files of that", async () => {
    const states = await openDisaggregatedStates(settings, local);
    expect(await builtOn(states, true, 2)).toEqual(['file-1']);
    const files = new KeyedFiles([{ path: 'file-1', size: 10 }]);
    const plan = files.plan(true, false);
    expect(plan.mode).toBe('delta');
    expect(files.add(plan, { path: 'delta', size: 1 }).map(({ path }) => path)).toEqual(['file-1', 'delta']);
  });

  it('when the key groups are others, the snapshot is not its own, or the backend reads all at once, then on nothing', async () => {
    const states = await openDisaggregatedStates(settings, local);
    expect(await builtOn(states, true, 1)).toBeUndefined();
    expect(await builtOn(states, true, 4)).toBeUndefined();
    expect(await builtOn(states, false, 2)).toBeUndefined();
    expect(await builtOn(HEAP_STATES, true, 2)).toBeUndefined();
    expect(new KeyedFiles().plan(true, false).mode).toBe('base');
  });
});
