import type { JobDefinition } from '../../src/api/job.ts';
import type { ClusterId, JobId, TaskManagerId } from '../../src/base/ids.ts';
import { Configuration } from '../../src/config/configuration.ts';
import type { Logger } from '../../src/ports/logger.ts';
import { MemoryArtifactStore } from '../../src/storage/memory/artifact-store.ts';
import { MemorySnapshotStores } from '../../src/storage/memory/snapshot-store.ts';
import { MemoryMetadataStore } from '../../src/storage/memory/metadata-store.ts';
import { NodeClock } from '../../src/testing/node-clock.ts';
import { SeededRandom } from '../../src/testing/seeded-random.ts';
import { SimulatedClock } from '../../src/testing/simulated-clock.ts';
import type { SimulationTrace } from '../../src/testing/simulation-trace.ts';
import { SimulatedNetwork } from '../../src/transport/simulation/network.ts';
import type { SimulatedNetworkOptions } from '../../src/transport/simulation/network.ts';
import type { LeaderElectionSettings } from '../../src/control/leader-lease.ts';
import { startLeaderElection } from '../leader-election/leader-election.effects.ts';
import type { SnapshotStores } from '../../src/ports/snapshot-store.ts';
import { failingDeletes } from './failing-deletes.ts';
import { RemoteMetadataStore } from './remote-metadata-store.ts';
import { SlowSnapshotStores } from './slow-snapshot-stores.ts';
import { ClusterClient } from '../client/cluster-client.ts';
import { createEnvironment } from '../messaging/environment.ts';
import type { ActorEnvironment } from '../messaging/environment.ts';
import { startJobManagerNode } from '../nodes/job-manager-node.ts';
import type { JobManagerNode } from '../nodes/job-manager-node.ts';
import { startTaskManagerNode } from '../nodes/task-manager-node.ts';
import { SilentLogger } from '../nodes/adapters/silent-logger.ts';
import { definedJobs, inlineSlotThreads } from './inline-slot-thread.ts';

export interface SimulatedClusterOptions {
  readonly seed: number;
  readonly job: JobDefinition;
  readonly configuration?: Configuration;
  readonly network?: SimulatedNetworkOptions;
  /** How long operations of the snapshot store take on average, ms; default: none at all. */
  readonly storeDelayMs?: number;
  readonly trace?: SimulationTrace;
  readonly logger?: Logger;
}

/**
 * A whole cluster in one thread: the real actors and the real data plane on a simulated clock, network and stores. Equal
 * seeds and equal calls give equal runs. `JOB_MANAGER` and the ids of TaskManagers name the nodes of its network.
 */
export class SimulatedCluster {
  static readonly JOB_MANAGER = 'jm';
  static readonly CLIENT = 'client';

  readonly clock: SimulatedClock;
  readonly network: SimulatedNetwork;
  readonly random: SeededRandom;
  readonly client: ClusterClient;
  /** Actors that broke an invariant; a sound run has none. */
  readonly fatalErrors: unknown[] = [];
  readonly #options: SimulatedClusterOptions;
  readonly #configuration: Configuration;
  readonly #metadata = new MemoryMetadataStore();
  readonly #artifacts = new MemoryArtifactStore();
  readonly snapshots = new MemorySnapshotStores(() => this.clock.now());
  /** Contenders that lead, or believe so. */
  readonly leaders = new Map<string, JobManagerNode>();
  /** Contenders that cannot reach the metadata store. */
  readonly withoutMetadata = new Set<string>();
  /** Whether snapshot stores fail to delete, for now. */
  deletesFail = false;
  readonly #nodes = new Map<string, NodeClock>();
  #jobManager: JobManagerNode | undefined;
  #started = 0;

  constructor(options: SimulatedClusterOptions) {
    const { seed, trace } = options;
    this.#options = options;
    this.#configuration = options.configuration ?? Configuration.EMPTY;
    this.random = new SeededRandom(seed);
    this.clock = new SimulatedClock({
      random: this.random.fork('clock'),
      ...(trace === undefined ? {} : { trace }),
    });
    this.network = new SimulatedNetwork(this.clock, this.random.fork('network'), {
      ...(trace === undefined ? {} : { trace }),
      ...options.network,
    });
    this.client = new ClusterClient(this.#environment(SimulatedCluster.CLIENT));
  }

  /** Starts the JobManager, again after a crash: it finds the jobs in the metadata store. */
  async startJobManager(): Promise<void> {
    const environment = this.#environment(SimulatedCluster.JOB_MANAGER);
    this.#jobManager = await startJobManagerNode(environment, {
      configuration: this.#configuration,
      metadata: this.#metadata,
      artifacts: this.#artifacts,
      loader: definedJobs(this.#options.job),
      defaultCheckpoints: 'memory:',
      processes: { host: 'simulated', processId: 1, isAlive: () => true },
    });
  }

  /**
   * Starts a JobManager that contends with others, by `high-availability.type` of the configuration.
   * @param onFatal its process would end
   */
  startContender(node: string, settings: LeaderElectionSettings, onFatal: (error: unknown) => void): void {
    const environment = this.#environment(node, onFatal);
    const metadata = new RemoteMetadataStore({
      store: this.#metadata,
      clock: environment.clock,
      random: this.random.fork(`metadata of ${node}@${this.clock.steps}`),
      isReachable: () => !this.withoutMetadata.has(node),
    });
    const processes = { host: node, processId: 1, isAlive: () => true };
    startLeaderElection(environment, {
      metadata,
      settings,
      ...processes,
      standBy: () => {},
      lead: async () => {
        const started = await startJobManagerNode(environment, {
          configuration: this.#configuration,
          metadata,
          artifacts: this.#artifacts,
          loader: definedJobs(this.#options.job),
          defaultCheckpoints: 'memory:',
          processes,
        });
        this.leaders.set(node, started);
        return {
          rest: undefined,
          stop: (leaving) => {
            this.leaders.delete(node);
            return started.stop(leaving);
          },
        };
      },
    });
  }

  /** Starts a TaskManager, a process of its own; returns its id. */
  startTaskManager(): string {
    const taskManagerId = `tm-${this.#started++}` as TaskManagerId;
    const environment = this.#environment(taskManagerId);
    const clock = this.#nodes.get(taskManagerId);
    const data = this.network.connect(taskManagerId, clock === undefined ? {} : { clock });
    startTaskManagerNode(environment, {
      configuration: this.#configuration,
      processId: taskManagerId,
      taskManagerId,
      startThread: inlineSlotThreads(environment, data, definedJobs(this.#options.job)),
    });
    return taskManagerId;
  }

  /** Ends a node at once, as kill -9 does. */
  crash(node: string): void {
    this.network.crash(node);
    this.#nodes.get(node)?.kill();
    this.#nodes.delete(node);
    this.leaders.delete(node);
    if (node === SimulatedCluster.JOB_MANAGER) this.#jobManager = undefined;
  }

  /** Names of the TaskManagers that live. */
  taskManagers(): string[] {
    return [...this.#nodes.keys()].filter((node) => node.startsWith('tm-'));
  }

  /** The leader's state, for invariants; undefined while there is none. */
  get leader(): JobManagerNode | undefined {
    return this.#jobManager;
  }

  /** Submits the cluster's job; resolves with what it collected, as events run. */
  submit(): { readonly jobId: JobId; readonly ended: ReturnType<ClusterClient['execute']> } {
    const jobId = this.client.newJobId();
    const configuration = this.#configuration.toRecord();
    return { jobId, ended: this.client.execute({ jobId, module: { source: 'simulated' }, configuration }) };
  }

  #storesOf(node: string, clock: NodeClock): SnapshotStores {
    const { storeDelayMs: meanDelayMs } = this.#options;
    const at = `${node}@${this.clock.steps}`;
    const stores = failingDeletes(
      this.snapshots,
      this.random.fork(`deletes of ${at}`),
      () => this.deletesFail,
    );
    if (meanDelayMs === undefined) return stores;
    const random = this.random.fork(`snapshots of ${at}`);
    return new SlowSnapshotStores({ stores, clock, random, meanDelayMs });
  }

  /** The clock of a node that lives. */
  clockOf(node: string): NodeClock | undefined {
    return this.#nodes.get(node);
  }

  #environment(
    node: string,
    onFatal: (error: unknown) => void = (error) => this.fatalErrors.push(error),
  ): ActorEnvironment {
    const clock = new NodeClock(this.clock, node);
    this.#nodes.set(node, clock);
    return createEnvironment({
      clusterId: 'simulated' as ClusterId,
      transport: this.network.connect(node, { clock }),
      clock,
      random: this.random.fork(`${node}@${this.clock.steps}`),
      logger: this.#options.logger ?? new SilentLogger(),
      snapshots: this.#storesOf(node, clock),
      onFatal,
    });
  }
}
