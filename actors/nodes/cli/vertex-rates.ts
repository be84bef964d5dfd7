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
}

interface Sample {
  readonly at: number;
  readonly recordsIn: number;
  readonly recordsOut: number;
}

/** Rates between two updates of a job. A restart begins its counts anew: the rate is then 0, never negative. */
export class VertexRates {
  readonly #samples = new Map<string, Sample>();

  /** @param at monotonic ms */
  update(job: JobDetails, at: number): VertexProgress[] {
    return job.vertices.map((vertex) => {
      const recordsIn = sum(vertex, 'numRecordsIn');
      const recordsOut = sum(vertex, 'numRecordsOut');
      const before = this.#samples.get(vertex.vertexId);
      this.#samples.set(vertex.vertexId, { at, recordsIn, recordsOut });
      const rate = (now: number, then: number | undefined): number =>
        before === undefined || then === undefined || at <= before.at
          ? 0
          : Math.max(0, ((now - then) * 1_000) / (at - before.at));
      return {
        vertexId: vertex.vertexId,
        name: vertex.name,
        parallelism: vertex.parallelism,
        states: statesOf(vertex),
        recordsIn,
        recordsOut,
        recordsInPerSecond: Math.round(rate(recordsIn, before?.recordsIn)),
        recordsOutPerSecond: Math.round(rate(recordsOut, before?.recordsOut)),
      };
    });
  }
}

function sum(vertex: VertexDetails, counter: 'numRecordsIn' | 'numRecordsOut'): number {
  return vertex.subtasks.reduce((total, subtask) => total + (subtask.counters?.[counter] ?? 0), 0);
}

function statesOf(vertex: VertexDetails): Partial<Record<ExecutionState, number>> {
  const states: Partial<Record<ExecutionState, number>> = {};
  for (const { state } of vertex.subtasks) states[state] = (states[state] ?? 0) + 1;
  return states;
}
