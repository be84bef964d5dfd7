import type { MetricReport, MetricSamples } from '../protocol/metrics.ts';
import { addValues } from './metric-values.ts';
import type { MetricValues } from './metric-values.ts';

interface Subtask {
  readonly attempt: number;
  readonly values: MetricValues;
}

/** What one TaskManager reported last. */
interface TaskManagerReport {
  readonly at: number;
  readonly report: number;
  readonly own: MetricValues;
  /** By job and vertex, then by subtask. */
  readonly vertices: ReadonlyMap<string, ReadonlyMap<number, Subtask>>;
}

interface Assembly {
  readonly report: number;
  readonly parts: (readonly MetricSamples[] | undefined)[];
}

/**
 * The JobManager's picture of the metrics of all TaskManagers: of each its last whole report, and nothing of before. What is kept of
 * a TaskManager is bounded by what a report may hold.
 */
export class MetricStore {
  readonly #staleAfterMs: number;
  readonly #reports = new Map<string, TaskManagerReport>();
  readonly #assembling = new Map<string, Assembly>();

  /** @param staleAfterMs a TaskManager that reported nothing for so long is forgotten */
  constructor(staleAfterMs: number) {
    this.#staleAfterMs = staleAfterMs;
  }

  /** @param now monotonic ms */
  accept({ taskManagerId, report, part, parts, groups }: MetricReport, now: number): void {
    let assembly = this.#assembling.get(taskManagerId);
    const last = Math.max(this.#reports.get(taskManagerId)?.report ?? -1, (assembly?.report ?? 0) - 1);
    // Late, or doubled on the way.
    if (part >= parts || report <= last) return;
    if (assembly === undefined || assembly.report !== report || assembly.parts.length !== parts) {
      assembly = { report, parts: Array.from({ length: parts }, () => undefined) };
      this.#assembling.set(taskManagerId, assembly);
    }
    assembly.parts[part] = groups;
    const whole = assembly.parts.flatMap((piece) => piece ?? []);
    if (assembly.parts.includes(undefined)) return;
    this.#assembling.delete(taskManagerId);
    this.#reports.set(taskManagerId, { ...indexed(whole), at: now, report });
  }

  forget(taskManagerId: string): void {
    this.#reports.delete(taskManagerId);
    this.#assembling.delete(taskManagerId);
  }

  /** Forgets TaskManagers that are silent. @param now monotonic ms */
  sweep(now: number): void {
    for (const [taskManagerId, { at }] of this.#reports)
      if (now - at > this.#staleAfterMs) this.forget(taskManagerId);
  }

  taskManagers(): readonly string[] {
    return [...this.#reports.keys()];
  }

  /** Metrics of a TaskManager's process; undefined where it reported none. */
  taskManager(taskManagerId: string): MetricValues | undefined {
    return this.#reports.get(taskManagerId)?.own;
  }

  /** Ids of the vertices of a job that have metrics. */
  vertices(jobId: string): readonly string[] {
    const keys = [...this.#reports.values()].flatMap(({ vertices }) => [...vertices.keys()]);
    const prefix = `${jobId}/`;
    return [...new Set(keys.filter((key) => key.startsWith(prefix)).map((key) => key.slice(prefix.length)))];
  }

  /** Metrics of the subtasks of a vertex, each of its newest attempt; those of operators begin with the operator's name. */
  subtasks(jobId: string, vertexId: string): ReadonlyMap<number, MetricValues> {
    const newest = new Map<number, Subtask>();
    for (const { vertices } of this.#reports.values()) {
      for (const [index, subtask] of vertices.get(`${jobId}/${vertexId}`) ?? []) {
        if (subtask.attempt >= (newest.get(index)?.attempt ?? 0)) newest.set(index, subtask);
      }
    }
    return new Map([...newest].toSorted(([a], [b]) => a - b).map(([index, { values }]) => [index, values]));
  }
}

function indexed(groups: readonly MetricSamples[]): Pick<TaskManagerReport, 'own' | 'vertices'> {
  const own: MetricValues = new Map();
  const vertices = new Map<string, Map<number, Subtask>>();
  for (const group of groups) {
    const { scope, variables } = group;
    switch (scope) {
      case 'taskmanager':
        addValues(own, group, false);
        break;
      case 'taskmanager_job_task':
      case 'taskmanager_job_task_operator':
        addValues(subtaskOf(vertices, variables).values, group, scope === 'taskmanager_job_task_operator');
        break;
      case 'taskmanager_job': // no metric is of a job on a TaskManager
      case 'jobmanager':
      case 'jobmanager_job':
      case 'jobmanager_job_operator':
        break;
    }
  }
  return { own, vertices };
}

function subtaskOf(
  vertices: Map<string, Map<number, Subtask>>,
  variables: Readonly<Record<string, string>>,
): Subtask {
  const key = `${variables['job_id']}/${variables['task_id']}`;
  const subtasks = vertices.get(key) ?? new Map<number, Subtask>();
  vertices.set(key, subtasks);
  const index = Number(variables['subtask_index']);
  const attempt = Number(variables['task_attempt_num']);
  const known = subtasks.get(index);
  if (known !== undefined && known.attempt >= attempt) return known.attempt === attempt ? known : nobody();
  const subtask = { attempt, values: new Map() };
  subtasks.set(index, subtask);
  return subtask;
}

/** Takes what an older attempt measured. */
function nobody(): Subtask {
  return { attempt: -1, values: new Map() };
}
