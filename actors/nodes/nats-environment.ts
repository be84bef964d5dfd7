import { ConfigurationError } from '../../src/base/errors.ts';
import { isId } from '../../src/base/ids.ts';
import type { ClusterId } from '../../src/base/ids.ts';
import type { Configuration } from '../../src/config/configuration.ts';
import type { MetricRegistry } from '../../src/metrics/metric-registry.ts';
import type { Logger } from '../../src/ports/logger.ts';
import type { Tracing } from '../../src/ports/tracing.ts';
import { NatsArtifactStore } from '../../src/storage/nats/artifact-store.ts';
import { NatsMetadataStore } from '../../src/storage/nats/metadata-store.ts';
import { connectNats } from '../../src/transport/nats/connect.ts';
import type { NatsTransport } from '../../src/transport/nats/nats-transport.ts';
import { createEnvironment } from '../messaging/environment.ts';
import type { ActorEnvironment } from '../messaging/environment.ts';
import { natsOptions } from './adapters/nats-connection.ts';
import type { NatsConnectionSpec } from './adapters/nats-connection.ts';
import { NodeSnapshotStores } from './adapters/snapshot-stores.ts';
import { systemClock } from './adapters/system-clock.ts';
import { systemRandom } from './adapters/system-random.ts';

/** The cluster meant when none is named. */
export const DEFAULT_CLUSTER = 'default';
export const DEFAULT_NATS_URL = 'nats://127.0.0.1:4222';

/** Which cluster, and where its NATS server is. */
export interface ClusterAddress {
  readonly nats: NatsConnectionSpec;
  /** Letters, digits, "_" and "-". Several clusters may share a server. */
  readonly clusterId: string;
}

/** The world of a process on NATS. */
export interface NatsEnvironment {
  readonly environment: ActorEnvironment;
  readonly transport: NatsTransport;
}

/**
 * Connects a process to its cluster.
 * @param role shown by the server's monitoring
 * @throws ConfigurationError for a malformed address, ExternalError naming the URL and tries when no server answers.
 */
export async function connectEnvironment(
  address: ClusterAddress,
  own: {
    readonly role: string;
    readonly logger: Logger;
    /** Of a node; clients open no stores. */
    readonly configuration?: Configuration;
    readonly onFatal?: ActorEnvironment['onFatal'];
    readonly tracing?: Tracing;
    readonly metrics?: MetricRegistry;
  },
): Promise<NatsEnvironment> {
  const clusterId = checkClusterId(address.clusterId);
  const clock = systemClock;
  const random = systemRandom;
  const { role, logger, onFatal, configuration, tracing, metrics } = own;
  const name = `millrace ${clusterId} ${role}`;
  const transport = await connectNats(
    natsOptions(address.nats, { name, role: 'control', clock, random, logger }),
  );
  const ports = { clusterId, transport, clock, random, logger };
  return {
    environment: createEnvironment({
      ...ports,
      ...(onFatal === undefined ? {} : { onFatal }),
      ...(tracing === undefined ? {} : { tracing }),
      ...(metrics === undefined ? {} : { metrics }),
      ...(configuration === undefined
        ? {}
        : {
            snapshots: new NodeSnapshotStores({ clock, random, logger, configuration, nats: transport }),
          }),
    }),
    transport,
  };
}

/** @throws ConfigurationError */
export function checkClusterId(text: string): ClusterId {
  if (isId(text)) return text as ClusterId;
  throw new ConfigurationError(
    `"${text.slice(0, 200)}" is not a cluster id: letters, digits, "_" and "-" only, 128 at most`,
  );
}

/** The cluster's metadata: a KV bucket `millrace-<cluster>-metadata`. */
export function openMetadata({ environment, transport }: NatsEnvironment): Promise<NatsMetadataStore> {
  const { clusterId, clock } = environment;
  return NatsMetadataStore.open({ transport, clock, bucket: `millrace-${clusterId}-metadata` });
}

/** The cluster's modules: an object store bucket `millrace-<cluster>-artifacts`, each object named by its sha256. */
export function openArtifacts({ environment, transport }: NatsEnvironment): Promise<NatsArtifactStore> {
  const { clusterId, clock } = environment;
  return NatsArtifactStore.open({ transport, clock, bucket: `millrace-${clusterId}-artifacts` });
}
