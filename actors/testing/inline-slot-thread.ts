import { Configuration } from '../../src/config/configuration.ts';
import { taskManagerMemory } from '../../src/config/memory-model.ts';
import { compileSettings } from '../../src/config/settings.ts';
import { compileJob } from '../../src/api/compile.ts';
import type { JobDefinition } from '../../src/api/job.ts';
import { SimulatedLoopDriver, SlotLoop } from '../../src/dataplane/loop/index.ts';
import type { Transport } from '../../src/ports/transport.ts';
import type { CancelTasks, SubmitTasks } from '../../src/protocol/slot.ts';
import { MemoryLocalStore } from '../../src/storage/memory/local-store.ts';
import { MemorySpillFiles } from '../../src/storage/memory/spill-files.ts';
import type { ActorEnvironment } from '../messaging/environment.ts';
import type { JobLoader } from '../messaging/job-loader.ts';
import { RingRegistry } from '../nodes/adapters/ring-registry.ts';
import { SlotChannels } from '../task-manager/slot/slot-channels.ts';
import type { SharedRing } from '../task-manager/slot/slot-channels.ts';
import { SlotRuntime } from '../task-manager/slot/slot-runtime.ts';
import type { SlotThread, SlotThreadOptions, StartSlotThread } from '../task-manager/slot/slot-thread.ts';

/** Builds the same job on every node, from its definition. */
export function definedJobs(definition: JobDefinition): JobLoader {
  return {
    load: (_sha256, configuration) =>
      compileJob(definition, compileSettings(Configuration.of(Object.entries(configuration)))),
  };
}

/** The same on every machine. */
const RESOURCES = { configuration: {}, memory: taskManagerMemory(Configuration.EMPTY, 4 * 1024 ** 3) };

/** Each key group is loaded alone, so that little state makes many loads. */
const LOCAL_STATE = { openStore: () => Promise.resolve(new MemoryLocalStore()), loadBytes: 1 };

/** Slots of one simulated TaskManager: no threads, each loop is stepped by the node's clock. */
export function inlineSlotThreads(
  environment: ActorEnvironment,
  dataTransport: Transport,
  loader: JobLoader,
): StartSlotThread {
  const rings = new RingRegistry(RESOURCES);
  const loops = new Map<SharedArrayBuffer, SlotLoop>();
  return (slot) => new InlineSlotThread(environment, dataTransport, loader, slot, rings, loops);
}

class InlineSlotThread implements SlotThread {
  readonly #slot: SlotThreadOptions;
  readonly #rings: RingRegistry;
  readonly #loops: Map<SharedArrayBuffer, SlotLoop>;
  readonly #shared = new Map<string, SharedRing>();
  readonly #runtime: SlotRuntime;

  constructor(
    environment: ActorEnvironment,
    dataTransport: Transport,
    loader: JobLoader,
    slot: SlotThreadOptions,
    rings: RingRegistry,
    loops: Map<SharedArrayBuffer, SlotLoop>,
  ) {
    this.#slot = slot;
    this.#rings = rings;
    this.#loops = loops;
    const { clock, subjects } = environment;
    const loop = new SlotLoop(new SimulatedLoopDriver(clock));
    loops.set(rings.doorbell(slot.taskManagerId, slot.slot), loop);
    this.#runtime = new SlotRuntime(environment, {
      ...slot,
      metrics: environment.metrics,
      resources: RESOURCES,
      loader,
      loop,
      spillFiles: new MemorySpillFiles(),
      localState: LOCAL_STATE,
      channels: new SlotChannels({
        clock,
        subjects,
        dataTransport,
        ringOf: ({ attempt }, channelId) => this.#shared.get(`${attempt}/${channelId}`),
      }),
    });
  }

  deploy(request: SubmitTasks): void {
    const attempt = request.tasks[0]?.attempt ?? 0;
    for (const { channelId, ring, peerDoorbell } of this.#rings.ringsFor(request, this.#slot)) {
      const key = `${attempt}/${channelId}`;
      if (!this.#shared.has(key)) {
        this.#shared.set(key, { ring, ringPeer: () => this.#loops.get(peerDoorbell)?.wake() });
      }
    }
    this.#runtime.deploy(request);
  }

  cancel(request: CancelTasks): void {
    this.#runtime.cancel(request);
  }

  async terminate(): Promise<void> {
    this.#rings.release(this.#slot);
    await this.#runtime.stop();
  }
}
