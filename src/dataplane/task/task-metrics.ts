import { METRIC_CHANNELS_MAX } from '../../base/limits.ts';
import { MAX_WATERMARK, MIN_WATERMARK } from '../../base/time.ts';
import type { OperatorId } from '../../base/ids.ts';
import { MetricComponent } from '../../metrics/component.ts';
import { DEFAULT_SCOPE_FORMATS } from '../../metrics/scope-formats.ts';
import type { ScopeFormats } from '../../metrics/scope-formats.ts';
import { SystemMetrics } from '../../metrics/system/system-metrics.ts';
import { CHANNEL_METRICS } from '../../metrics/system/task-metrics.ts';
import type { Logger } from '../../ports/logger.ts';
import type { MetricSamples } from '../../protocol/metrics.ts';
import type { ChannelWriter } from '../exchange/channel-writer.ts';
import type { ChannelTraffic } from '../exchange/input-gate.ts';
import type { TaskDescriptor } from './task.ts';

/** What a slot tells its tasks about metrics. */
export interface TaskMetricSettings {
  readonly host: string;
  readonly taskManagerId: string;
  readonly formats: ScopeFormats;
  /** `taskmanager.network.detailed-metrics`: also of each channel. */
  readonly perChannel: boolean;
}

export const NO_METRIC_SETTINGS: TaskMetricSettings = {
  host: 'localhost',
  taskManagerId: '',
  formats: DEFAULT_SCOPE_FORMATS,
  perChannel: false,
};

/** The metrics of one task and its operators. */
export class TaskMetrics {
  readonly task: MetricComponent;
  readonly #settings: TaskMetricSettings;
  readonly #logger: Logger;
  readonly #components: MetricComponent[];

  constructor(descriptor: TaskDescriptor, settings: TaskMetricSettings, logger: Logger) {
    this.#settings = settings;
    this.#logger = logger;
    this.task = this.#component('taskmanager_job_task', variablesOf(descriptor, settings));
    this.#components = [this.task];
  }

  operator(operatorId: OperatorId, operatorName: string): MetricComponent {
    const variables = { ...this.task.variables, operator_id: operatorId, operator_name: operatorName };
    const component = this.#component('taskmanager_job_task_operator', variables);
    this.#components.push(component);
    return component;
  }

  /** Metrics of each channel, where they are wanted. */
  addChannels(inputs: () => readonly ChannelTraffic[], outputs: readonly ChannelWriter[]): void {
    if (!this.#settings.perChannel) return;
    for (const [index, { channelId }] of inputs().slice(0, METRIC_CHANNELS_MAX).entries()) {
      this.#addChannel(channelId, {
        'Input.numRecords': () => inputs()[index]?.records,
        'Input.numBuffers': () => inputs()[index]?.batches,
        'Input.numBytes': () => inputs()[index]?.bytes,
      });
    }
    for (const writer of outputs.slice(0, METRIC_CHANNELS_MAX)) {
      this.#addChannel(writer.channelId, {
        'Output.numRecords': () => writer.records,
        'Output.numBuffers': () => writer.batches,
        'Output.numBytes': () => writer.channel.bytesOut ?? 0,
        'Output.queueLen': () => writer.queued,
      });
    }
  }

  /** @param now monotonic ms */
  collect(now: number): MetricSamples[] {
    return this.#components.flatMap((component) => component.collect(now));
  }

  #addChannel(
    channelId: string,
    readers: ConstructorParameters<typeof SystemMetrics<typeof CHANNEL_METRICS>>[1],
  ): void {
    const { variables } = this.task;
    const component = this.#component('taskmanager_job_task', variables, [['channel', channelId]]);
    component.add(new SystemMetrics(CHANNEL_METRICS, readers));
    this.#components.push(component);
  }

  #component(
    scope: 'taskmanager_job_task' | 'taskmanager_job_task_operator',
    variables: Readonly<Record<string, string>>,
    path: readonly (readonly [string, string])[] = [],
  ): MetricComponent {
    const warn = (message: string): void => this.#logger.warn(message);
    return new MetricComponent({ scope, variables, path, formats: this.#settings.formats, warn });
  }
}

function variablesOf(descriptor: TaskDescriptor, settings: TaskMetricSettings): Record<string, string> {
  const { jobId, jobName, vertexId, vertexName, subtaskIndex, attempt } = descriptor;
  return {
    host: settings.host,
    tm_id: settings.taskManagerId,
    job_id: jobId,
    job_name: jobName,
    task_id: vertexId,
    task_name: vertexName,
    task_attempt_id: `${vertexId}_${subtaskIndex}_${attempt}`,
    task_attempt_num: String(attempt),
    subtask_index: String(subtaskIndex),
  };
}

/** A watermark as metrics show it: Flink's bounds, of 64 bits. */
export function watermarkMetric(watermark: number): number {
  if (watermark <= MIN_WATERMARK) return -(2 ** 63);
  return watermark >= MAX_WATERMARK ? 2 ** 63 : watermark;
}
