import type { ExecutionState, JobDetails, VertexDetails } from '../../../src/protocol/job-status.ts';

/** A vertex as progress shows it. */
export interface VertexProgress {
  readonly vertexId: string;
  readonly name: string;
  readonly parallelism: number;
  /** Subtasks in each state that occurs. */
  readonly states: Readonly<Partial<Record<ExecutionState, number>>>;
  readonly recordsIn: number;
  readonly recordsOut: number;
  readonly recordsInPerSecond: number;
  readonly recordsOutPerSecond: number;
  /** Shares of the time between two updates, a mean over subtasks, 0 to 1. */
  readonly busy: number;
  readonly backPressured: number;
  /** The lowest of the subtasks' watermarks, event time in ms; undefined before there is one. */
  readonly watermark: number | undefined;
}

interface Sample {
  readonly at: number;
  readonly recordsIn: number;
  readonly recordsOut: number;
  readonly busyMs: number;
  readonly backPressuredMs: number;
}

/** Rates between two updates of a job. A restart begins its counts anew: the rate is then 0, never negative. */
export class VertexRates {
  readonly #samples = new Map<string, Sample>();

  /** @param at monotonic ms */
  update(job: JobDetails, at: number): VertexProgress[] {
    return job.vertices.map((vertex) => {
      const now: Sample = {
        at,
        recordsIn: sum(vertex, 'numRecordsIn'),
        recordsOut: sum(vertex, 'numRecordsOut'),
        busyMs: sum(vertex, 'busyMs'),
        backPressuredMs: sum(vertex, 'backPressuredMs'),
      };
      const before = this.#samples.get(vertex.vertexId);
      this.#samples.set(vertex.vertexId, now);
      const perMs = (of: Exclude<keyof Sample, 'at'>): number =>
        before === undefined || at <= before.at ? 0 : Math.max(0, (now[of] - before[of]) / (at - before.at));
      const share = (of: 'busyMs' | 'backPressuredMs'): number =>
        Math.min(1, perMs(of) / Math.max(1, vertex.parallelism));
      return {
        vertexId: vertex.vertexId,
        name: vertex.name,
        parallelism: vertex.parallelism,
        states: statesOf(vertex),
        recordsIn: now.recordsIn,
        recordsOut: now.recordsOut,
        recordsInPerSecond: Math.round(perMs('recordsIn') * 1_000),
        recordsOutPerSecond: Math.round(perMs('recordsOut') * 1_000),
        busy: share('busyMs'),
        backPressured: share('backPressuredMs'),
        watermark: watermarkOf(vertex),
      };
    });
  }
}

type Total = 'numRecordsIn' | 'numRecordsOut' | 'busyMs' | 'backPressuredMs';

function sum(vertex: VertexDetails, counter: Total): number {
  return vertex.subtasks.reduce((total, subtask) => total + (subtask.counters?.[counter] ?? 0), 0);
}

/** Sources and vertices without event time have none. */
function watermarkOf(vertex: VertexDetails): number | undefined {
  const lowest = Math.min(
    ...vertex.subtasks.map(({ counters }) => counters?.currentInputWatermark ?? -Infinity),
  );
  return Number.isFinite(lowest) && Math.abs(lowest) < Number.MAX_SAFE_INTEGER ? lowest : undefined;
}

function statesOf(vertex: VertexDetails): Partial<Record<ExecutionState, number>> {
  const states: Partial<Record<ExecutionState, number>> = {};
  for (const { state } of vertex.subtasks) states[state] = (states[state] ?? 0) + 1;
  return states;
}
