import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JobId } from '../../actors/index.ts';
import { ClusterUnderTest, jobPath, until } from './cluster-under-test.ts';
import { RestClient } from './rest-client.ts';

let cluster: ClusterUnderTest;
let rest: RestClient;
let jobId: JobId;
let [source, counting]: string[] = [];

beforeAll(async () => {
  cluster = await ClusterUnderTest.start({
    taskManagers: 2,
    slots: 1,
    arguments: [
      ...['-D', 'metrics.fetcher.update-interval=1 s'],
      ...['-D', 'metrics.job.status.enable=STATE,CURRENT_TIME,TOTAL_TIME'],
      ...['-D', 'taskmanager.memory.process.size=1500 mb', '-D', 'taskmanager.memory.managed.size=400 mb'],
    ],
  });
  await until('the REST API listens', async () => (await cluster.client.overview()).rest !== undefined);
  rest = new RestClient((await cluster.client.overview()).rest ?? '');
  jobId = await cluster.submit(jobPath('every-metric.ts'), {
    'parallelism.default': '2',
    'execution.checkpointing.interval': '300 ms',
    'execution.checkpointing.dir': join(cluster.folder, 'checkpoints'),
    'state.backend.type': 'rocksdb',
    'state.backend.rocksdb.writebuffer.size': '4 mb',
    'state.latency-track.keyed-state-enabled': 'true',
    'state.latency-track.sample-interval': '10',
    'pipeline.global-job-parameters.out': join(cluster.folder, 'out'),
  });
  const { vertices } = await cluster.untilJob(jobId, 'runs', ({ tasksRunning }) => tasksRunning === 4);
  [source, counting] = vertices.map(({ vertexId }) => vertexId);
});

afterAll(async () => {
  await cluster?.stop();
});

type Wanted = Readonly<Record<string, (value: number) => boolean>>;

const present = (value: number): boolean => Number.isFinite(value);
const positive = (value: number): boolean => value > 0;
const share = (value: number): boolean => value >= 0 && value <= 1;

/** Asks until every metric of a path has a value that it may have; a boolean counts as 0 or 1. */
async function eachIsAsWanted(path: string, wanted: Wanted): Promise<Record<string, number>> {
  let values: Record<string, number> = {};
  const wrong = (): string[] =>
    Object.entries(wanted)
      .filter(([name, fits]) => !(name in values && fits(values[name] ?? Number.NaN)))
      .map(([name]) => `${name}: ${values[name]}`);
  const names = Object.keys(wanted).map(encodeURIComponent).join(',');
  await until(
    `the metrics of ${path}`,
    async () => {
      const { body } = await rest.get(`${path}?get=${names}`);
      const found = body as readonly { readonly id: string; readonly value: string }[];
      values = Object.fromEntries(found.map(({ id, value }) => [id, numeric(value)]));
      return wrong().length === 0;
    },
    () => `missing or wrong: ${wrong().join(', ')}`,
  );
  return values;
}

const numeric = (value: string): number =>
  value === 'true' || value === 'false' ? Number(value === 'true') : Number(value);

describe("metrics under Flink's names over REST", () => {
  it('when a subtask is asked, then back pressure, mailbox, buffers and what its operators do are there', async () => {
    const values = await eachIsAsWanted(`/jobs/${jobId}/vertices/${counting}/subtasks/0/metrics`, {
      softBackPressuredTimeMsPerSecond: present,
      hardBackPressuredTimeMsPerSecond: present,
      maxSoftBackPressureTimeMs: present,
      maxHardBackPressureTimeMs: present,
      isBackPressured: share,
      mailboxMailsPerSecond: positive,
      mailboxLatencyMs_p99: present,
      mailboxQueueSize: present,
      'buffers.inputQueueLength': present,
      'buffers.inPoolUsage': share,
      'buffers.outputQueueLength': present,
      'buffers.outPoolUsage': share,
      'Shuffle.Netty.Input.Buffers.inputQueueSize': present,
      'files.numRecordsSend': positive,
      'files.numBytesSend': positive,
      'files.successfulCommittables': positive,
      'files.totalCommittables': positive,
      'files.alreadyCommittedCommittables': present,
      'files.pendingCommittables': present,
      'counting.state_name.count.valueStateGetLatency_count': positive,
      'counting.state_name.count.valueStateUpdateLatency_max': positive,
      'counting.state_name.digits.mapStateGetLatency_p99': positive,
      'counting.state_name.digits.mapStatePutLatency_mean': positive,
    });
    expect(Number(values['files.totalCommittables'])).toBeGreaterThanOrEqual(
      Number(values['files.successfulCommittables']),
    );
  });

  it('when all subtasks of a source are asked, then their drift and their outputs are added up', async () => {
    const subtasks = `/jobs/${jobId}/vertices/${source}/subtasks`;
    await eachIsAsWanted(`${subtasks}/1/metrics`, {
      'numbers.watermarkAlignmentDrift': present,
      'numbers.assignedSplits': positive,
      'buffers.outPoolUsage': share,
    });
    const { body } = await rest.get(`${subtasks}/metrics?get=buffers.outPoolUsage&agg=max,sum`);
    expect(body).toEqual([{ id: 'buffers.outPoolUsage', max: expect.any(Number), sum: expect.any(Number) }]);
  });

  it('when the job is asked, then its deployment is over and has taken its time', async () => {
    const values = await eachIsAsWanted(`/jobs/${jobId}/metrics`, {
      deployingState: present,
      deployingTime: present,
      deployingTimeTotal: positive,
      runningState: present,
      initializingTimeTotal: present,
    });
    expect(values).toMatchObject({ deployingState: 0, deployingTime: 0, runningState: 1 });
  });

  it('when a TaskManager is asked, then what its tasks take of managed and network memory is there, and its page agrees', async () => {
    const megabyte = 1024 ** 2;
    const values = await eachIsAsWanted('/taskmanagers/tm-1/metrics', {
      'Status.Flink.Memory.Managed.Total': (value) => value === 400 * megabyte,
      // Two tasks, each with a cache of 8 mb and 6 write buffers of 4 mb.
      'Status.Flink.Memory.Managed.Used': (value) => value === 2 * (8 + 24) * megabyte,
      'Status.Shuffle.Netty.TotalMemory': positive,
      'Status.Shuffle.Netty.UsedMemory': positive,
      'Status.Shuffle.Netty.AvailableMemory': positive,
      'Status.Shuffle.Netty.TotalMemorySegments': positive,
      'Status.Shuffle.Netty.UsedMemorySegments': positive,
      'Status.Shuffle.Netty.AvailableMemorySegments': positive,
      'Status.Shuffle.Netty.RequestedMemoryUsage': (value) => value >= 0 && value <= 100,
      'Status.Network.TotalMemorySegments': positive,
      'Status.Network.AvailableMemorySegments': positive,
    });
    const { body } = await rest.get('/taskmanagers/tm-1');
    expect(body.hardware.managedMemory).toBe(values['Status.Flink.Memory.Managed.Total']);
    expect(body.memoryConfiguration.networkMemory).toBe(values['Status.Shuffle.Netty.TotalMemory']);
    expect(body.metrics).toMatchObject({
      nettyShuffleMemoryTotal: values['Status.Shuffle.Netty.TotalMemory'],
      nettyShuffleMemoryUsed: values['Status.Shuffle.Netty.UsedMemory'],
      nettyShuffleMemorySegmentsAvailable: values['Status.Shuffle.Netty.AvailableMemorySegments'],
      memorySegmentsTotal: values['Status.Network.TotalMemorySegments'],
    });
  });
});
