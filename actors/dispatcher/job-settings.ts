import type { CheckpointSettings } from '../../src/control/checkpoints/state.ts';
import type { RescaleSettings } from '../../src/control/rescale.ts';
import type { RestartPolicy } from '../../src/control/restart-strategy.ts';
import type { CheckpointPlaces } from '../job-manager/checkpoint-coordinator/checkpoint-places.ts';
import type { HeartbeatSettings } from '../job-manager/heartbeats.ts';
import type { CheckpointRetention } from '../job-manager/job-manager-options.ts';
import type { JobMetricsOptions } from '../job-manager/job-metrics.ts';

/** What the configuration says of one job: the cluster's, with the job's own over it. */
export interface JobSettings {
  readonly policy: RestartPolicy;
  readonly slotRequestTimeoutMs: number;
  readonly cancellationTimeoutMs: number;
  readonly heartbeat: HeartbeatSettings;
  readonly checkpoints: CheckpointSettings;
  readonly checkpointPlaces: CheckpointPlaces;
  readonly retention: CheckpointRetention;
  readonly statusMetrics: JobMetricsOptions['statusMetrics'];
  readonly failuresKept: number;
  readonly checkpointsShown: number;
  /** `jobmanager.scheduler: adaptive`; undefined: the job keeps its parallelism. */
  readonly rescale: (RescaleSettings & { readonly historyKept: number }) | undefined;
}
