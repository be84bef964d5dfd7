import type { Configuration } from '../../../src/config/configuration.ts';
import { OPTIONS } from '../../../src/config/options.ts';
import type { OperatorFactory } from '../../../src/dataplane/chain/operator.ts';
import type { PartitionerSpec } from '../../../src/graph/chain-plan.ts';
import type { GeneratedJob } from '../../../src/graph/job-graph-generator.ts';
import type { RestorePoint, TaskCheckpointing } from '../../../src/dataplane/checkpoint/index.ts';
import type { RestoreLocation, SubmitTasks } from '../../../src/protocol/slot.ts';
import { readManifest } from '../../../src/state/snapshot/manifest.ts';
import type { ActorEnvironment } from '../../messaging/environment.ts';
import type { SubtaskLink } from '../subtask/subtask.effects.ts';

/** The snapshots that a slot's subtasks go on from: each manifest is read once. */
export class RestorePoints {
  readonly #environment: ActorEnvironment;
  readonly #points = new Map<string, Promise<RestorePoint>>();

  constructor(environment: ActorEnvironment) {
    this.#environment = environment;
  }

  /** @param checkpointsUri where the job's own checkpoints are */
  async at(location: RestoreLocation | undefined, checkpointsUri: string): Promise<RestorePoint | undefined> {
    if (location === undefined) return undefined;
    const key = `${location.uri}\n${location.path}\n${location.own}`;
    let point = this.#points.get(key);
    if (point === undefined) {
      // Only the newest is asked for again.
      this.#points.clear();
      point = this.#read(location, checkpointsUri);
      this.#points.set(key, point);
      point.catch(() => this.#points.delete(key));
    }
    return point;
  }

  async #read({ uri, path, own }: RestoreLocation, checkpointsUri: string): Promise<RestorePoint> {
    const store = await this.#environment.snapshots.open(uri, true);
    const manifest = await readManifest(store, path);
    return {
      store,
      manifest,
      own: own === true && manifest.kind === 'checkpoint' && uri === checkpointsUri,
    };
  }
}

function partitionerOf(job: GeneratedJob<OperatorFactory>, edgeId: string): PartitionerSpec | undefined {
  for (const { nodes } of job.plans.values())
    for (const { outputs } of nodes)
      for (const link of outputs) if (link.to === 'edge' && link.edgeId === edgeId) return link.partitioner;
  return undefined;
}

/** How one subtask takes part in its job's checkpoints. */
export function taskCheckpointing(
  { snapshots, random }: ActorEnvironment,
  request: SubmitTasks,
  configuration: Configuration,
  link: SubtaskLink,
  restoreFrom: RestorePoint | undefined,
  job: GeneratedJob<OperatorFactory>,
): TaskCheckpointing {
  return {
    storeOf: (location) => snapshots.open(location === '' ? request.job.checkpointsUri : location),
    newFile: (location) => (location === '' ? `shared/${random.hex(16)}` : random.hex(16)),
    mode: configuration.get(OPTIONS.checkpointMode),
    incremental: configuration.get(OPTIONS.checkpointIncremental),
    afterTasksFinish:
      request.job.periodicCheckpoints && configuration.get(OPTIONS.checkpointAfterTasksFinish),
    restoreFrom,
    partitionerOf: (edgeId) => partitionerOf(job, edgeId),
    acknowledge: (snapshot) => link.acknowledge(snapshot),
    decline: (checkpointId, error) => link.decline(checkpointId, error),
    endOfData: () => link.endOfData(),
  };
}
