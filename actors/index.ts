/** Clusters and their clients: `import { runEmbedded, MiniCluster, connectClient, ... } from 'millrace/cluster'`. */

// In this process.
export { runEmbedded } from './nodes/run-embedded.ts';
export type { EmbeddedOptions, EmbeddedRun } from './nodes/run-embedded.ts';
export { MiniCluster } from './nodes/mini-cluster.ts';
export type { MiniClusterOptions } from './nodes/mini-cluster.ts';

// Processes on NATS.
export { LocalCluster } from './nodes/local-cluster.ts';
export type { LocalClusterOptions } from './nodes/local-cluster.ts';
export { startNatsJobManager, startNatsTaskManager } from './nodes/nats-nodes.ts';
export type { NatsNodeOptions, RunningNode } from './nodes/nats-nodes.ts';
export { DEFAULT_CLUSTER, DEFAULT_NATS_URL } from './nodes/nats-environment.ts';
export type { ClusterAddress } from './nodes/nats-environment.ts';
export type { NatsConnectionSpec } from './nodes/adapters/nats-connection.ts';

// Clients.
export { ClusterClient, DEFAULT_CLIENT_SETTINGS } from './client/cluster-client.ts';
export type { ClientSettings, Submission } from './client/cluster-client.ts';
export { connectClient } from './nodes/connect-client.ts';
export type { ClientConnection } from './nodes/connect-client.ts';
export { prepareJob } from './nodes/prepare-job.ts';
export type { PreparedJob } from './nodes/prepare-job.ts';
export { bundleJob } from './nodes/adapters/bundle-job.ts';
export type { BundledJob } from './nodes/adapters/bundle-job.ts';
export type { JobModule } from '../src/protocol/client-dispatcher.ts';
export type { ClusterEvent } from '../src/protocol/event.ts';
export { isGloballyTerminal } from '../src/protocol/job-status.ts';
export type {
  ExecutionState,
  JobDetails,
  JobStatus,
  JobSummary,
  VertexDetails,
} from '../src/protocol/job-status.ts';

// What they are given.
export { Configuration } from '../src/config/configuration.ts';
export { loadConfiguration } from '../src/config/load-configuration.adapter.ts';
export type { ConfigurationSources } from '../src/config/load-configuration.adapter.ts';
export { OPTIONS } from '../src/config/options.ts';
export { createLogger } from './nodes/adapters/pino-logger.ts';
export type { LoggerOptions, NodeLogger } from './nodes/adapters/pino-logger.ts';
export { SilentLogger } from './nodes/adapters/silent-logger.ts';
export type { Logger } from '../src/ports/logger.ts';
export type { ClusterId, JobId } from '../src/base/ids.ts';
