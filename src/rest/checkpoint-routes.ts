import type { JobId } from '../base/ids.ts';
import { Configuration } from '../config/configuration.ts';
import { OPTIONS } from '../config/options.ts';
import type { CheckpointRecord, VertexRecord } from '../protocol/checkpoint-statistics.ts';
import type { ExecutionGraphInfo } from '../protocol/execution-graph-info.ts';
import { checkpointJson, statisticsJson, taskDetailJson } from './checkpoint-json.ts';
import { RestError } from './errors.ts';
import type { RestGateway } from './gateway.ts';
import { route } from './route.ts';
import type { Route } from './route.ts';
import {
  checkpoint,
  checkpointConfig,
  checkpointStatistics,
  taskCheckpointDetail,
} from './checkpoint-schemas.ts';
import type { CheckpointConfig } from './checkpoint-schemas.ts';
import { jobParams, wholeNumber } from './schemas.ts';
import * as s from '../protocol/schema.ts';

const detailParams = jobParams.extend({ checkpointid: wholeNumber });

/** What became of a job's checkpoints and savepoints. */
export const CHECKPOINT_ROUTES: readonly Route[] = [
  route({
    method: 'GET',
    path: '/jobs/:jobid/checkpoints',
    role: 'read',
    summary: 'The last checkpoints and savepoints of a job, with sums over them.',
    params: jobParams,
    response: checkpointStatistics,
    handle: async ({ gateway, params }) => statisticsJson(await gateway.checkpoints(params.jobid)),
  }),
  route({
    method: 'GET',
    path: '/jobs/:jobid/checkpoints/config',
    role: 'read',
    summary: 'How checkpoints of a job are taken.',
    params: jobParams,
    response: checkpointConfig,
    handle: async ({ gateway, params }) => {
      const [job, { intervalMs }] = await Promise.all([
        gateway.job(params.jobid),
        gateway.checkpoints(params.jobid),
      ]);
      return configJson(job, gateway.configuration, intervalMs);
    },
  }),
  route({
    method: 'GET',
    path: '/jobs/:jobid/checkpoints/details/:checkpointid',
    role: 'read',
    summary: 'A checkpoint that is still remembered, with its tasks.',
    params: detailParams,
    response: checkpoint,
    handle: async ({ gateway, params }) => {
      const { record, vertices } = await detailsOf(gateway, params.jobid, params.checkpointid);
      return checkpointJson(record, vertices);
    },
  }),
  route({
    method: 'GET',
    path: '/jobs/:jobid/checkpoints/details/:checkpointid/subtasks/:vertexid',
    role: 'read',
    summary: 'The part of each subtask of a vertex in a checkpoint.',
    params: detailParams.extend({ vertexid: s.vertexId }),
    response: taskCheckpointDetail,
    handle: async ({ gateway, params: { jobid, checkpointid, vertexid } }) => {
      const { record, vertices } = await detailsOf(gateway, jobid, checkpointid);
      const vertex = vertices.find(({ vertexId }) => vertexId === vertexid);
      if (vertex === undefined)
        throw new RestError(404, `There is no statistic for task ${vertexid} in checkpoint ${checkpointid}.`);
      return taskDetailJson(record, vertex);
    },
  }),
];

async function detailsOf(
  gateway: RestGateway,
  jobId: JobId,
  checkpointId: number,
): Promise<{ readonly record: CheckpointRecord; readonly vertices: readonly VertexRecord[] }> {
  const { history, vertices = [] } = await gateway.checkpoints(jobId, Math.max(1, checkpointId));
  const record = history.find((one) => one.checkpointId === checkpointId);
  if (record === undefined)
    throw new RestError(404, `Could not find checkpointing statistics for checkpoint ${checkpointId}.`);
  return { record, vertices };
}

/** Flink writes the greatest long where there is no interval; JavaScript's greatest whole number stands for it. */
const NEVER = Number.MAX_SAFE_INTEGER;

function configJson(
  job: ExecutionGraphInfo,
  cluster: Configuration,
  intervalMs: number | undefined,
): CheckpointConfig {
  const configuration = cluster.with(Configuration.of(Object.entries(job.configuration)));
  const retention = configuration.get(OPTIONS.checkpointRetention);
  return {
    mode: configuration.get(OPTIONS.checkpointMode).toLowerCase(),
    interval: intervalMs ?? NEVER,
    timeout: configuration.get(OPTIONS.checkpointTimeout),
    min_pause: configuration.get(OPTIONS.checkpointMinPause),
    max_concurrent: configuration.get(OPTIONS.checkpointMaxConcurrent),
    externalization: {
      enabled: retention !== 'NO_EXTERNALIZED_CHECKPOINTS',
      delete_on_cancellation: retention !== 'RETAIN_ON_CANCELLATION',
    },
    state_backend: configuration.get(OPTIONS.stateBackend),
    checkpoint_storage: configuration.get(OPTIONS.checkpointDirectory) ?? 'nats-objects',
    unaligned_checkpoints: configuration.get(OPTIONS.checkpointUnaligned),
    tolerable_failed_checkpoints: configuration.get(OPTIONS.checkpointTolerableFailed),
    aligned_checkpoint_timeout: configuration.get(OPTIONS.checkpointAlignedTimeout),
    checkpoints_after_tasks_finish: configuration.get(OPTIONS.checkpointAfterTasksFinish),
    state_changelog_enabled: false,
    changelog_storage: null,
    changelog_periodic_materialization_interval: 0,
  };
}
