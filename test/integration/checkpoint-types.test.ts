import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Configuration, MiniCluster, prepareJob } from '../../actors/index.ts';
import type { JobId } from '../../actors/index.ts';
import { openSnapshot } from '../../src/state/snapshot/open-snapshot.ts';
import { jobPath, until } from './cluster-under-test.ts';

let folder: string;
let cluster: MiniCluster;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-checkpoint-types-'));
  cluster = await MiniCluster.start({
    configuration: Configuration.of([['taskmanager.numberOfTaskSlots', '1']]),
  });
});
afterAll(async () => {
  await cluster.stop();
  await rm(folder, { recursive: true });
});

async function started(more: Record<string, string>): Promise<JobId> {
  const configuration = Configuration.of(Object.entries({ 'execution.checkpointing.dir': folder, ...more }));
  const { bundle } = await prepareJob(jobPath('endless.ts'), configuration);
  await cluster.artifacts.put(bundle.source);
  const jobId = cluster.client.newJobId();
  const module = { sha256: bundle.sha256 };
  await cluster.client.submit({ jobId, module, configuration: configuration.toRecord() });
  await until('it counts', async () => {
    const { vertices } = await cluster.client.details(jobId);
    return vertices.every(({ subtasks }) =>
      subtasks.every(({ counters }) => (counters?.numRecordsIn ?? 0) > 0),
    );
  });
  return jobId;
}

/** Of how many files the keyed state of a new checkpoint consists: a base, and the deltas after it. */
async function filesOf(jobId: JobId, checkpointType: 'CONFIGURED' | 'FULL' | 'INCREMENTAL'): Promise<number> {
  const path = await cluster.client.snapshot(jobId, 'checkpoint', { checkpointType });
  const { manifest } = await openSnapshot(cluster.environment.snapshots, path);
  const operators = manifest.vertices.flatMap(({ subtasks }) =>
    subtasks.flatMap((subtask) => subtask?.operators ?? []),
  );
  return operators.reduce((sum, { keyed }) => sum + (keyed?.files.length ?? 0), 0);
}

describe.each(['hashmap', 'rocksdb'])('checkpoints on demand with %s', (backend) => {
  it('when one is to be full, then it is a base, and what comes next builds on it', async () => {
    const jobId = await started({ 'state.backend.type': backend });
    const files: number[] = [];
    for (const type of ['CONFIGURED', 'CONFIGURED', 'FULL', 'INCREMENTAL'] as const)
      files.push(await filesOf(jobId, type));
    await cluster.client.cancel(jobId);
    expect(files).toEqual([1, 2, 1, 2]);
  });

  it('when a savepoint is taken in between, then checkpoints build on each other as if there had been none', async () => {
    const jobId = await started({ 'state.backend.type': backend });
    const files = [await filesOf(jobId, 'CONFIGURED')];
    const savepoint = await cluster.client.snapshot(jobId, 'savepoint', { directory: join(folder, 'saved') });
    const { manifest } = await openSnapshot(cluster.environment.snapshots, savepoint);
    files.push(await filesOf(jobId, 'CONFIGURED'), await filesOf(jobId, 'CONFIGURED'));
    await cluster.client.cancel(jobId);
    expect(files).toEqual([1, 2, 3]);
    expect(manifest.kind).toBe('savepoint');
  });

  it('when the job takes full ones, then an incremental one can be asked for, and needs a base first', async () => {
    const jobId = await started({
      'state.backend.type': backend,
      'execution.checkpointing.incremental': 'false',
    });
    const files: number[] = [];
    for (const type of ['CONFIGURED', 'INCREMENTAL', 'INCREMENTAL', 'FULL', 'CONFIGURED'] as const)
      files.push(await filesOf(jobId, type));
    await cluster.client.cancel(jobId);
    expect(files).toEqual([1, 1, 2, 1, 1]);
  });
});
