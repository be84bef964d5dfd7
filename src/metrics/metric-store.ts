import type { MetricReport, MetricSamples } from '../protocol/metrics.ts';
import { addValues } from './metric-values.ts';
import type { MetricValues } from './metric-values.ts';

/** What one attempt of a subtask measured last. */
export interface SubtaskMetrics {
  readonly attempt: number;
  /** Those of operators begin with the operator's name. */
  readonly values: MetricValues;
  /** Largest of its sources, ms; looked for once, as a report comes, since many ask for it. */
  readonly eventTimeLag: number | undefined;
}

type Vertices = ReadonlyMap<string, ReadonlyMap<number, SubtaskMetrics>>;

/** What one TaskManager reported last. */
interface TaskManagerReport {
  readonly at: number;
  readonly report: number;
  readonly own: MetricValues;
  /** By job, vertex and subtask. */
  readonly jobs: ReadonlyMap<string, Vertices>;
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
    if (assembly.parts.includes(undefined)) return;
    this.#assembling.delete(taskManagerId);
    const whole = assembly.parts.flatMap((piece) => piece ?? []);
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

  /** The subtasks of a job, by vertex, each of its newest attempt. */
  job(jobId: string): ReadonlyMap<string, ReadonlyMap<number, SubtaskMetrics>> {
    const found = new Map<string, Map<number, SubtaskMetrics>>();
    for (const { jobs } of this.#reports.values()) {
      for (const [vertexId, subtasks] of jobs.get(jobId) ?? []) {
        const newest = found.get(vertexId) ?? new Map<number, SubtaskMetrics>();
        found.set(vertexId, newest);
        addNewest(newest, subtasks);
      }
    }
    return found;
  }

  /** Metrics of the subtasks of a vertex, by index, each of its newest attempt. */
  subtasks(jobId: string, vertexId: string): ReadonlyMap<number, MetricValues> {
    const newest = new Map<number, SubtaskMetrics>();
    for (const { jobs } of this.#reports.values())
      addNewest(newest, jobs.get(jobId)?.get(vertexId) ?? new Map<number, SubtaskMetrics>());
    return new Map([...newest].toSorted(([a], [b]) => a - b).map(([index, { values }]) => [index, values]));
  }
}

function addNewest(newest: Map<number, SubtaskMetrics>, subtasks: ReadonlyMap<number, SubtaskMetrics>): void {
  for (const [index, subtask] of subtasks) {
    if (subtask.attempt >= (newest.get(index)?.attempt ?? 0)) newest.set(index, subtask);
  }
}

/** As `SubtaskMetrics`, while a report is read. */
interface Reading {
  readonly attempt: number;
  readonly values: MetricValues;
  eventTimeLag: number | undefined;
}

function indexed(groups: readonly MetricSamples[]): Pick<TaskManagerReport, 'own' | 'jobs'> {
  const own: MetricValues = new Map();
  const jobs = new Map<string, Map<string, Map<number, Reading>>>();
  for (const group of groups) {
    const { scope, variables } = group;
    switch (scope) {
      case 'taskmanager':
        addValues(own, group, false);
        break;
      case 'taskmanager_job_task':
        addValues(subtaskOf(jobs, variables).values, group, false);
        break;
      case 'taskmanager_job_task_operator':
        addOperator(subtaskOf(jobs, variables), group);
        break;
      case 'taskmanager_job': // no metric is of a job on a TaskManager
      case 'jobmanager':
      case 'jobmanager_job':
      case 'jobmanager_job_operator':
        break;
    }
  }
  return { own, jobs };
}

function addOperator(subtask: Reading, group: MetricSamples): void {
  addValues(subtask.values, group, true);
  const lag = group.samples.find(({ name }) => name === 'currentEmitEventTimeLag')?.value;
  if (typeof lag === 'number') subtask.eventTimeLag = Math.max(lag, subtask.eventTimeLag ?? lag);
}

function subtaskOf(
  jobs: Map<string, Map<string, Map<number, Reading>>>,
  variables: Readonly<Record<string, string>>,
): Reading {
  const { job_id: jobId = '', task_id: vertexId = '' } = variables;
  const vertices = jobs.get(jobId) ?? new Map<string, Map<number, Reading>>();
  jobs.set(jobId, vertices);
  const subtasks = vertices.get(vertexId) ?? new Map<number, Reading>();
  vertices.set(vertexId, subtasks);
  const index = Number(variables['subtask_index']);
  const attempt = Number(variables['task_attempt_num']);
  const known = subtasks.get(index);
  if (known?.attempt === attempt) return known;
  const reading: Reading = { attempt, values: new Map(), eventTimeLag: undefined };
  // What an older attempt measured is read and forgotten.
  if (known === undefined || known.attempt < attempt) subtasks.set(index, reading);
  return reading;
}
