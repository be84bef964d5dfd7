import { parentPort, workerData } from 'node:worker_threads';
import type { MessagePort } from 'node:worker_threads';
import { deserializeError, serializeError } from '../../src/base/errors.ts';
import { Configuration } from '../../src/config/configuration.ts';
import { OPTIONS } from '../../src/config/options.ts';
import { temporaryFolders } from '../../src/config/settings.ts';
import { Doorbell } from '../../src/dataplane/exchange/index.ts';
import { SlotLoop, ThreadLoopDriver } from '../../src/dataplane/loop/index.ts';
import type { Logger } from '../../src/ports/logger.ts';
import { NO_TRACING } from '../../src/ports/tracing.ts';
import { LocalSpillFiles } from '../../src/storage/filesystem/spill-files.ts';
import { connectPort } from '../../src/transport/local/connect-port.ts';
import { connectNats } from '../../src/transport/nats/connect.ts';
import type { NatsTransport } from '../../src/transport/nats/nats-transport.ts';
import { createEnvironment } from '../messaging/environment.ts';
import { SlotChannels } from '../task-manager/slot/slot-channels.ts';
import type { SharedRing } from '../task-manager/slot/slot-channels.ts';
import { SlotRuntime } from '../task-manager/slot/slot-runtime.ts';
import { natsOptions } from './adapters/nats-connection.ts';
import { ModuleJobLoader } from './adapters/load-module.ts';
import type {
  LocalModule,
  SlotThreadCommand,
  SlotThreadData,
  SlotThreadFact,
} from './adapters/slot-thread-protocol.ts';
import { NodeSnapshotStores } from './adapters/snapshot-stores.ts';
import { systemClock } from './adapters/system-clock.ts';
import { systemRandom } from './adapters/system-random.ts';
import { PostingLogger } from './adapters/posting-logger.ts';
import { ThreadMeter } from './adapters/thread-meter.ts';
import { PostingTracing } from './adapters/posting-tracing.ts';

/** The connection for records to other processes; when it is lost, tasks cannot exchange them any more: the thread ends. */
async function openDataTransport(
  data: SlotThreadData,
  port: MessagePort,
  configuration: Configuration,
  logger: Logger,
): Promise<NatsTransport | undefined> {
  if (data.data === undefined) return undefined;
  const name = `millrace ${data.taskManagerId} slot ${data.slot} data`;
  const spec = { connectTries: configuration.get(OPTIONS.networkRetries) + 1, ...data.data };
  const ports = { clock: systemClock, random: systemRandom, logger };
  const transport = await connectNats(natsOptions(spec, { name, role: 'data', ...ports }));
  // The slot is given up, the job fails over.
  void transport.closed.then((reason) => {
    const error = serializeError(reason ?? new Error('data connection closed'), 'external');
    port.postMessage({ type: 'failed', error });
    setTimeout(() => process.exit(1), 100);
  });
  return transport;
}

/** Main of a slot's worker thread. */
async function main(data: SlotThreadData): Promise<void> {
  const port = parentPort;
  if (port === null) throw new Error('slot-worker runs as a worker thread only');
  const clock = systemClock;
  const random = systemRandom;
  const logger = new PostingLogger((fact: SlotThreadFact) => port.postMessage(fact));
  const meter = new ThreadMeter();
  const commands: SlotThreadCommand[] = [];
  let perform = (command: SlotThreadCommand): void => void commands.push(command);
  port.on('message', (command: SlotThreadCommand) => perform(command));

  const transport = connectPort(data.port, { clock });
  const configuration = Configuration.of(Object.entries(data.resources.configuration));
  const dataTransport = await openDataTransport(data, port, configuration, logger);
  const snapshots = new NodeSnapshotStores({ clock, random, logger, configuration, nats: dataTransport });
  const environment = createEnvironment({
    clusterId: data.clusterId,
    transport,
    clock,
    random,
    logger,
    snapshots,
    tracing: data.tracing ? new PostingTracing((fact) => port.postMessage(fact), clock) : NO_TRACING,
  });
  const rings = new Map<string, SharedRing>();
  const modules = new Map<string, LocalModule>();
  const runtime = new SlotRuntime(environment, {
    taskManagerId: data.taskManagerId,
    processId: data.processId,
    slot: data.slot,
    metrics: data.metrics,
    onMetrics: (groups, memory) => {
      const fact: SlotThreadFact = { type: 'metrics', groups, memory, thread: meter.figures() };
      port.postMessage(fact);
    },
    resources: data.resources,
    spillFiles: new LocalSpillFiles(temporaryFolders(configuration)),
    loop: new SlotLoop(new ThreadLoopDriver(data.doorbell)),
    loader: new ModuleJobLoader((sha256) => localPath(modules.get(sha256), sha256)),
    channels: new SlotChannels({
      clock,
      subjects: environment.subjects,
      ...(dataTransport === undefined ? {} : { dataTransport }),
      ringOf: ({ attempt }, channelId) => rings.get(`${attempt}/${channelId}`),
    }),
  });
  perform = (command) => {
    switch (command.type) {
      case 'deploy': {
        const { request, module } = command;
        modules.set(request.job.moduleSha256, module);
        const attempt = request.tasks[0]?.attempt ?? 0;
        for (const { channelId, ring, peerDoorbell } of command.rings) {
          const key = `${attempt}/${channelId}`;
          const doorbell = new Doorbell(peerDoorbell);
          // A deployment that is repeated brings rings nobody else has: the first ones stay.
          if (!rings.has(key)) rings.set(key, { ring, ringPeer: () => doorbell.ring() });
        }
        return environment.scope.within(command.trace, () => runtime.deploy(request));
      }
      case 'cancel':
        return runtime.cancel(command.request);
    }
  };
  for (const command of commands) perform(command);
}

async function localPath(module: LocalModule | undefined, sha256: string): Promise<string> {
  if (module === undefined) throw new Error(`module ${sha256} came with no deployment`);
  if ('error' in module) throw deserializeError(module.error);
  return module.path;
}

await main(workerData as SlotThreadData);
