import type { Epoch, TaskManagerId } from '../../src/base/ids.ts';
import { MetricComponent } from '../../src/metrics/component.ts';
import type { MetricSource } from '../../src/metrics/metric-registry.ts';
import { reportParts } from '../../src/metrics/report-parts.ts';
import { SystemMetrics } from '../../src/metrics/system/system-metrics.ts';
import { TASK_MANAGER_METRICS } from '../../src/metrics/system/task-manager-metrics.ts';
import type { MetricReport, MetricSamples } from '../../src/protocol/metrics.ts';
import type { ActorEnvironment } from '../messaging/environment.ts';
import { messageMetrics } from '../messaging/message-metrics.ts';
import { every } from '../messaging/every.ts';
import { tell } from '../messaging/serve.ts';
import { memoryReaders } from './memory-readers.ts';
import type { SharedMemory } from './memory-readers.ts';
import { sumOfMemory } from './slot/slot-memory.ts';
import type { SlotMemory } from './slot/slot-memory.ts';

/** The metrics of one TaskManager: of its process, and what its slots measured last. */
export class TaskManagerMetrics implements MetricSource {
  readonly #environment: ActorEnvironment;
  readonly #taskManagerId: TaskManagerId;
  readonly #own: MetricComponent;
  readonly #slots = new Map<
    number,
    { readonly groups: readonly MetricSamples[]; readonly memory: SlotMemory }
  >();
  #leftOutSaid = false;

  /** @param options `memory`: what its tasks share, missing where there is no process to speak of */
  constructor(
    environment: ActorEnvironment,
    {
      taskManagerId,
      memory,
    }: { readonly taskManagerId: TaskManagerId; readonly memory?: SharedMemory | undefined },
  ) {
    const { host, formats } = environment.metrics;
    this.#environment = environment;
    this.#taskManagerId = taskManagerId;
    this.#own = new MetricComponent({
      scope: 'taskmanager',
      variables: { host, tm_id: taskManagerId },
      formats,
    });
    this.#own.add(environment.metrics.processMetrics());
    this.#own.add(messageMetrics(environment));
    if (memory === undefined) return;
    const used = (): SlotMemory => sumOfMemory([...this.#slots.values()].map((slot) => slot.memory));
    this.#own.add(new SystemMetrics(TASK_MANAGER_METRICS, memoryReaders(memory, used)));
  }

  slotMeasured(slot: number, groups: readonly MetricSamples[], memory: SlotMemory): void {
    this.#slots.set(slot, { groups, memory });
  }

  slotGone(slot: number): void {
    this.#slots.delete(slot);
  }

  collect(now: number): MetricSamples[] {
    return [...this.#own.collect(now), ...[...this.#slots.values()].flatMap(({ groups }) => groups)];
  }

  /** Shows the metrics to the reporters of the process and, each `intervalMs`, to the JobManager. Returns how to stop. */
  start(intervalMs: number, epoch: () => Epoch | undefined): () => void {
    const { clock, metrics } = this.#environment;
    const remove = metrics.add(this);
    const stopReporting = intervalMs === 0 ? () => {} : every(clock, intervalMs, () => this.#report(epoch()));
    return () => {
      remove();
      stopReporting();
    };
  }

  #report(epoch: Epoch | undefined): void {
    if (epoch === undefined) return;
    const { clock, subjects, logger } = this.#environment;
    const { parts, leftOut } = reportParts(this.collect(clock.monotonic()));
    if (leftOut > 0 && !this.#leftOutSaid) {
      this.#leftOutSaid = true;
      logger.warn('too many metrics: some are not reported to the JobManager', { groups: leftOut });
    }
    const report = clock.now();
    for (const [part, groups] of parts.entries()) {
      const message: MetricReport = {
        type: 'metricReport',
        epoch,
        taskManagerId: this.#taskManagerId,
        report,
        part,
        parts: parts.length,
        groups: [...groups],
      };
      tell(this.#environment, subjects.metrics(), message);
    }
  }
}
