import { MessageChannel, Worker } from 'node:worker_threads';
import { ExternalError, deserializeError, serializeError } from '../../../src/base/errors.ts';
import type { SerializedError } from '../../../src/base/errors.ts';
import { OPTIONS } from '../../../src/config/options.ts';
import type { CancelTasks, SubmitTasks } from '../../../src/protocol/slot.ts';
import { servePort } from '../../../src/transport/local/serve-port.ts';
import type { PortService } from '../../../src/transport/local/serve-port.ts';
import type { ActorEnvironment } from '../../messaging/environment.ts';
import type { SlotThread, SlotThreadOptions, StartSlotThread } from '../../task-manager/slot/slot-thread.ts';
import type { TaskManagerResources } from '../../task-manager/slot/task-manager-resources.ts';
import type { ModuleCache } from './module-cache.ts';
import type { ProcessMeter } from './process-meter.ts';
import type { NatsConnectionSpec } from './nats-connection.ts';
import { slotHeapMegabytes } from './process-memory.ts';
import type { WatchedThread } from './process-view.ts';
import { profiledWorker } from '../profiling/profiled-thread.ts';
import type { ProfiledThread } from '../profiling/profiled-thread.ts';
import type { RingRegistry } from './ring-registry.ts';
import type {
  LocalModule,
  SlotThreadCommand,
  SlotThreadData,
  SlotThreadFact,
} from './slot-thread-protocol.ts';

export interface WorkerThreadsOptions {
  readonly environment: ActorEnvironment;
  readonly modules: ModuleCache;
  readonly rings: RingRegistry;
  readonly resources: TaskManagerResources;
  /** Adds up what the threads of the process measure of themselves. */
  readonly processMeter?: ProcessMeter;
  readonly data?: NatsConnectionSpec;
  /** The threads that run, for those who look into the process. */
  readonly watched?: Set<WatchedThread>;
  /** Where the standard output of the threads goes; default: the process's. */
  readonly output?: NodeJS.WritableStream;
}

/** Slot threads as worker threads of this process. */
export function workerSlotThreads(options: WorkerThreadsOptions): StartSlotThread {
  return (slot) => new WorkerSlotThread(options, slot);
}

/** The worker's file, as source or compiled. */
const WORKER = new URL(
  import.meta.url.endsWith('.ts') ? '../slot-worker.ts' : '../slot-worker.js',
  import.meta.url,
);

class WorkerSlotThread implements SlotThread, WatchedThread {
  readonly name: string;
  readonly profiled: ProfiledThread;
  readonly #options: WorkerThreadsOptions;
  readonly #slot: SlotThreadOptions;
  readonly #worker: Worker;
  readonly #service: PortService;
  readonly #exited: Promise<void>;
  /** Keeps deployments and cancellations in order while modules are fetched. */
  #commands: Promise<void> = Promise.resolve();
  #failure: SerializedError | undefined;
  #terminating = false;

  constructor(options: WorkerThreadsOptions, slot: SlotThreadOptions) {
    this.#options = options;
    this.#slot = slot;
    const { environment, rings, resources, data } = options;
    this.name = `slot-${slot.slot}`;
    const { host, formats, perChannel } = environment.metrics;
    const { port1, port2 } = new MessageChannel();
    this.#service = servePort(port1, environment.transport, {
      onRefused: (error, subject) =>
        environment.logger.debug('message of a slot thread not sent', { subject, error }),
    });
    const workerData: SlotThreadData = {
      clusterId: environment.clusterId,
      taskManagerId: slot.taskManagerId,
      processId: slot.processId,
      slot: slot.slot,
      doorbell: rings.doorbell(slot.taskManagerId, slot.slot),
      resources,
      metrics: { host, formats, perChannel },
      tracing: environment.tracing.enabled,
      port: port2,
      ...(data === undefined ? {} : { data }),
    };
    this.#worker = new Worker(WORKER, {
      workerData,
      transferList: [port2],
      name: this.name,
      stdout: options.output !== undefined,
      resourceLimits: { maxOldGenerationSizeMb: slotHeapMegabytes(resources) },
    });
    this.profiled = profiledWorker(this.#worker);
    options.watched?.add(this);
    if (options.output !== undefined) {
      this.#worker.stdout.on('data', (chunk: Buffer) => options.output?.write(chunk));
    }
    this.#worker.on('message', (fact: SlotThreadFact) => this.#onFact(fact));
    this.#worker.on('error', (error) => {
      this.#failure ??= serializeError(this.#explained(error));
    });
    this.#exited = new Promise((resolve) => {
      this.#worker.once('exit', (code) => {
        this.#service.close();
        options.watched?.delete(this);
        rings.release(slot);
        this.#options.processMeter?.threadEnded(this);
        resolve();
        if (!this.#terminating) slot.onExit(this.#exitError(code));
      });
    });
  }

  deploy(request: SubmitTasks): void {
    const rings = this.#options.rings.ringsFor(request, this.#slot);
    const trace = this.#options.environment.scope.current;
    this.#inOrder(async () => {
      const module = await this.#module(request.job.moduleSha256);
      this.#post({ type: 'deploy', request, rings, module, trace });
    });
  }

  cancel(request: CancelTasks): void {
    this.#inOrder(() => this.#post({ type: 'cancel', request }));
  }

  async describe(): Promise<string> {
    const { utilization } = this.#worker.performance.eventLoopUtilization();
    const heap = await this.#worker.getHeapStatistics();
    const megabytes = (bytes: number): number => Math.round(bytes / 1024 ** 2);
    return (
      `"${this.name}" id=${this.#worker.threadId} event loop busy ${Math.round(utilization * 100)} %\n` +
      `  heap ${megabytes(heap.used_heap_size)} MB of ${megabytes(heap.heap_size_limit)} MB`
    );
  }

  async terminate(): Promise<void> {
    this.#terminating = true;
    await this.#worker.terminate();
    await this.#exited;
  }

  async #module(sha256: string): Promise<LocalModule> {
    try {
      return { path: await this.#options.modules.path(sha256) };
    } catch (error) {
      return { error: serializeError(error) };
    }
  }

  #inOrder(act: () => void | Promise<void>): void {
    this.#commands = this.#commands.then(act).catch((error: unknown) => {
      this.#options.environment.logger.error('slot thread not commanded', { slot: this.#slot.slot, error });
    });
  }

  #post(command: SlotThreadCommand): void {
    if (!this.#terminating) this.#worker.postMessage(command);
  }

  #onFact(fact: SlotThreadFact): void {
    switch (fact.type) {
      case 'log': {
        const fields = JSON.parse(fact.fields) as Record<string, unknown>;
        return this.#options.environment.logger[fact.level](fact.message, {
          slot: this.#slot.slot,
          ...fields,
        });
      }
      case 'span':
        return this.#options.environment.tracing.start(fact.name, fact.options).end(fact.outcome);
      case 'metrics':
        this.#options.processMeter?.threadMeasured(this, fact.thread);
        return this.#slot.onMetrics(fact.groups, fact.memory);
      case 'failed':
        this.#failure ??= fact.error;
        return;
    }
  }

  #explained(error: unknown): unknown {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ERR_WORKER_OUT_OF_MEMORY') return error;
    return new ExternalError(
      `its heap of ${slotHeapMegabytes(this.#options.resources)} MB is full: give more (${OPTIONS.taskHeap.key}, or ${OPTIONS.processMemory.key}), ` +
        `have fewer slots, or keep state on disk (${OPTIONS.stateBackend.key}: rocksdb)`,
      { cause: error },
    );
  }

  #exitError(code: number): SerializedError {
    const where = `the thread of slot ${this.#slot.slot} of TaskManager ${this.#slot.taskManagerId}`;
    const cause = this.#failure === undefined ? undefined : deserializeError(this.#failure);
    const why = cause === undefined ? `ended with code ${code}` : `died: ${cause.message}`;
    return serializeError(new ExternalError(`${where} ${why}`, cause === undefined ? {} : { cause }));
  }
}
