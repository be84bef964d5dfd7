import { natsServerVersion } from '../../ops/setup/nats-server.mjs';

const version = natsServerVersion() ?? '0';

/** Why tests of JetStream's atomic batches cannot run here; empty where they can. */
export const noAtomicBatches =
  version.localeCompare('2.12.0', 'en', { numeric: true }) >= 0
    ? ''
    : `(skipped: the nats-server here is ${version}, atomic batches need 2.12)`;
