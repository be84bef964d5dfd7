import { InternalError } from '../../src/base/errors.ts';
import type { ClusterId } from '../../src/base/ids.ts';
import type { Clock } from '../../src/ports/clock.ts';
import type { Logger } from '../../src/ports/logger.ts';
import type { SnapshotStores } from '../../src/ports/snapshot-store.ts';
import type { Random } from '../../src/ports/random.ts';
import type { Tracing } from '../../src/ports/tracing.ts';
import { NO_TRACING } from '../../src/ports/tracing.ts';
import type { Transport } from '../../src/ports/transport.ts';
import { MetricRegistry } from '../../src/metrics/metric-registry.ts';
import { Subjects } from '../../src/protocol/subjects.ts';
import { TracedLogger } from './traced-logger.ts';
import { TraceScope } from './trace-scope.ts';

/** The world of the actors of one node. Adapters are chosen where a node is launched; actors see only ports. */
export interface ActorEnvironment {
  readonly clusterId: ClusterId;
  readonly transport: Transport;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly subjects: Subjects;
  readonly refusals: RefusalCounters;
  readonly tracing: Tracing;
  /** All metrics of this process. */
  readonly metrics: MetricRegistry;
  /** On whose behalf the node's actors act right now. */
  readonly scope: TraceScope;
  /** Where checkpoints and savepoints are. */
  readonly snapshots: SnapshotStores;
  /** An actor broke an invariant and stopped: the node must not go on without it. */
  readonly onFatal: (error: unknown, actor: string) => void;
}

/** For nodes that keep no checkpoints, such as clients. */
const NO_SNAPSHOTS: SnapshotStores = {
  open: (uri) =>
    Promise.reject(new InternalError(`this node has no stores for checkpoints, asked for ${uri}`)),
};

/** Messages that did not reach an actor. */
export interface RefusalCounters {
  /** Not of the protocol. */
  malformed: number;
  /** Of a former leader or an old attempt. */
  stale: number;
}

export function createEnvironment(
  ports: Pick<ActorEnvironment, 'clusterId' | 'transport' | 'clock' | 'random' | 'logger'> &
    Partial<Pick<ActorEnvironment, 'onFatal' | 'snapshots' | 'tracing' | 'metrics'>>,
): ActorEnvironment {
  const { tracing = NO_TRACING } = ports;
  const scope = new TraceScope();
  return {
    onFatal: () => {},
    snapshots: NO_SNAPSHOTS,
    ...ports,
    logger: tracing.enabled ? new TracedLogger(ports.logger, scope) : ports.logger,
    tracing,
    metrics: ports.metrics ?? new MetricRegistry(),
    scope,
    subjects: new Subjects(ports.clusterId),
    refusals: { malformed: 0, stale: 0 },
  };
}
