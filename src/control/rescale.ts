import { UserError } from '../base/errors.ts';
import type { VertexId } from '../base/ids.ts';
import type { JobGraph, JobVertex } from '../graph/job-graph.ts';

/** How many subtasks a vertex may have, both included. */
export interface ParallelismBounds {
  readonly lowerBound: number;
  readonly upperBound: number;
}

/** Flink's JobResourceRequirements: of every vertex of a job. */
export type ResourceRequirements = Readonly<Record<string, ParallelismBounds>>;

/** Subtasks of each vertex. */
export type Parallelisms = ReadonlyMap<VertexId, number>;

/** Of a job that nobody has said anything of: as many as it was built with, and fewer where slots are scarce. */
export function defaultRequirements({ vertices }: JobGraph): ResourceRequirements {
  return Object.fromEntries(
    vertices.map(({ id, parallelism, fixedParallelism }) => [
      id,
      { lowerBound: fixedParallelism === true ? parallelism : 1, upperBound: parallelism },
    ]),
  );
}

/** @throws UserError for what this job can never have */
export function checkRequirements({ name, vertices }: JobGraph, requirements: ResourceRequirements): void {
  const refuse = (reason: string): never => {
    throw new UserError(`resource requirements of job "${name.slice(0, 200)}": ${reason}`);
  };
  const known = new Set<string>(vertices.map(({ id }) => id));
  for (const id of Object.keys(requirements))
    if (!known.has(id)) refuse(`vertex ${id} is not one of the job`);
  for (const vertex of vertices) {
    const bounds = requirements[vertex.id];
    const called = `vertex ${vertex.id} (${vertex.name.slice(0, 100)})`;
    if (bounds === undefined) return refuse(`${called} is missing: name all vertices`);
    const { lowerBound, upperBound } = bounds;
    if (lowerBound < 1 || upperBound < lowerBound)
      refuse(`${called} cannot have from ${lowerBound} to ${upperBound} subtasks`);
    if (upperBound > vertex.maxParallelism)
      refuse(
        `${called} has ${vertex.maxParallelism} key groups (pipeline.max-parallelism): it cannot have ${upperBound} subtasks`,
      );
    if (
      vertex.fixedParallelism === true &&
      (lowerBound > vertex.parallelism || upperBound < vertex.parallelism)
    )
      refuse(
        `${called} stays at ${vertex.parallelism}: windows over all records and collect() do not rescale`,
      );
  }
}

/**
 * The highest parallelism, the same for all vertices as far as their bounds go, that fits into so many slots.
 * @returns undefined where not even the lower bounds fit
 */
export function fittingParallelism(
  { vertices }: JobGraph,
  requirements: ResourceRequirements,
  slots: number,
): Parallelisms | undefined {
  const of = (limit: number): Parallelisms =>
    new Map(vertices.map((vertex) => [vertex.id, within(limit, vertex, requirements[vertex.id])]));
  const highest = Math.max(...Object.values(requirements).map(({ upperBound }) => upperBound));
  // No vertex has more subtasks than there are slots.
  for (let limit = Math.min(highest, slots); limit >= 1; limit--) {
    const parallelisms = of(limit);
    if (slotsOf(vertices, parallelisms) <= slots) return parallelisms;
  }
  return undefined;
}

function within(limit: number, vertex: JobVertex, bounds: ParallelismBounds | undefined): number {
  if (vertex.fixedParallelism === true || bounds === undefined) return vertex.parallelism;
  return Math.min(Math.max(limit, bounds.lowerBound), bounds.upperBound);
}

/** Each slot sharing group needs as many as its widest vertex has subtasks. */
function slotsOf(vertices: readonly JobVertex[], parallelisms: Parallelisms): number {
  const widest = new Map<string, number>();
  for (const { id, slotSharingGroup } of vertices)
    widest.set(slotSharingGroup, Math.max(widest.get(slotSharingGroup) ?? 0, parallelisms.get(id) ?? 0));
  return [...widest.values()].reduce((total, n) => total + n, 0);
}

export function parallelismsOf({ vertices }: JobGraph): Parallelisms {
  return new Map(vertices.map(({ id, parallelism }) => [id, parallelism]));
}

export function areEqual(a: Parallelisms, b: Parallelisms): boolean {
  return a.size === b.size && [...a].every(([id, n]) => b.get(id) === n);
}

/** `jobmanager.adaptive-scheduler.*`, ms. */
export interface RescaleSettings {
  readonly cooldownMs: number;
  readonly stabilizationMs: number;
}

/** What is known of a job when it is looked at; moments are monotonic ms. */
export interface RescaleView {
  readonly current: Parallelisms;
  /** What it could have now. */
  readonly fitting: Parallelisms | undefined;
  /** Its bounds have changed since it was rescaled last. */
  readonly ordered: boolean;
  /** It lacks slots. */
  readonly waits: boolean;
}

/** What is remembered between two looks. */
export interface RescaleMemory {
  /** What it could have, and since when. */
  readonly wanted: { readonly parallelisms: Parallelisms; readonly since: number } | undefined;
  readonly rescaledAt: number | undefined;
}

export const NEVER_RESCALED: RescaleMemory = { wanted: undefined, rescaledAt: undefined };

/**
 * Whether a job is to be rescaled now: at once where somebody ordered it; where slots are missing, or more are there, once that
 * has stayed so for a while, and not again soon.
 */
export function decideRescale(
  memory: RescaleMemory,
  { current, fitting, ordered, waits }: RescaleView,
  now: number,
  { cooldownMs, stabilizationMs }: RescaleSettings,
): { readonly memory: RescaleMemory; readonly rescaleTo: Parallelisms | undefined } {
  if (fitting === undefined || areEqual(fitting, current))
    return { memory: { ...memory, wanted: undefined }, rescaleTo: undefined };
  const isSame = memory.wanted !== undefined && areEqual(memory.wanted.parallelisms, fitting);
  const since = isSame ? (memory.wanted?.since ?? now) : now;
  const next = { ...memory, wanted: { parallelisms: fitting, since } };
  const rested = memory.rescaledAt === undefined || now - memory.rescaledAt >= cooldownMs;
  const due = ordered || (now - since >= stabilizationMs && (waits || rested));
  return due
    ? { memory: { wanted: undefined, rescaledAt: now }, rescaleTo: fitting }
    : { memory: next, rescaleTo: undefined };
}
