import { assert } from '../base/assert.ts';
import type { VertexId } from '../base/ids.ts';
import type { JobEdge, JobGraph, JobVertex } from './job-graph.ts';

/** One subtask of the physical plan. */
export interface ExecutionVertex {
  readonly vertexId: VertexId;
  readonly subtaskIndex: number;
  /** Index into `ExecutionGraph.regions`. */
  readonly region: number;
  /** Index into `ExecutionGraph.slots`. */
  readonly slot: number;
}

/** A slot the job needs: subtask `index` of each vertex in the sharing group runs there. */
export interface RequiredSlot {
  readonly slotSharingGroup: string;
  readonly index: number;
}

/** The physical plan: each vertex unfolded into its subtasks. Immutable; the states live in `control/`. */
export interface ExecutionGraph {
  readonly jobGraph: JobGraph;
  readonly vertices: ReadonlyMap<VertexId, JobVertex>;
  readonly executions: ReadonlyMap<VertexId, readonly ExecutionVertex[]>;
  /** Pipelined regions: subtasks connected by channels, which restart together. */
  readonly regions: readonly (readonly ExecutionVertex[])[];
  readonly slots: readonly RequiredSlot[];
}

export function buildExecutionGraph(jobGraph: JobGraph): ExecutionGraph {
  const vertices = new Map(jobGraph.vertices.map((vertex) => [vertex.id, vertex]));
  const slots = requiredSlots(jobGraph);
  const slotIndex = new Map(slots.map((slot, i) => [`${slot.index}/${slot.slotSharingGroup}`, i]));
  const regionOf = findRegions(jobGraph, vertices);
  const executions = new Map<VertexId, ExecutionVertex[]>();
  const regions: ExecutionVertex[][] = [];
  for (const vertex of jobGraph.vertices) {
    const list = Array.from({ length: vertex.parallelism }, (_, subtaskIndex): ExecutionVertex => {
      const slot = slotIndex.get(`${subtaskIndex}/${vertex.slotSharingGroup}`);
      assert(slot !== undefined, 'every subtask has a slot');
      return { vertexId: vertex.id, subtaskIndex, region: regionOf(vertex.id, subtaskIndex), slot };
    });
    executions.set(vertex.id, list);
    for (const execution of list) (regions[execution.region] ??= []).push(execution);
  }
  return { jobGraph, vertices, executions, regions, slots };
}

/** As many slots per sharing group as its widest vertex has subtasks. */
function requiredSlots(jobGraph: JobGraph): RequiredSlot[] {
  const widest = new Map<string, number>();
  for (const { slotSharingGroup, parallelism } of jobGraph.vertices) {
    widest.set(slotSharingGroup, Math.max(widest.get(slotSharingGroup) ?? 0, parallelism));
  }
  return [...widest].flatMap(([slotSharingGroup, n]) =>
    Array.from({ length: n }, (_, index) => ({ slotSharingGroup, index })),
  );
}

/**
 * Subtasks at the other end of an edge.
 * @param side which end `subtaskIndex` is: `producer` asks for its consumers, `consumer` for its producers.
 */
export function peersOf(
  graph: Pick<ExecutionGraph, 'vertices'>,
  edge: JobEdge,
  side: 'producer' | 'consumer',
  subtaskIndex: number,
): number[] {
  const producers = graph.vertices.get(edge.source)?.parallelism;
  const consumers = graph.vertices.get(edge.target)?.parallelism;
  assert(producers !== undefined && consumers !== undefined, `edge ${edge.id} joins vertices of the graph`);
  const own = side === 'producer' ? producers : consumers;
  const other = side === 'producer' ? consumers : producers;
  assert(subtaskIndex < own, `subtask ${subtaskIndex} of ${own}`);
  if (!isPointwise(edge)) return Array.from({ length: other }, (_, i) => i);
  if (own >= other) return [Math.floor((subtaskIndex * other) / own)];
  return Array.from({ length: other }, (_, i) => i).filter(
    (i) => Math.floor((i * own) / other) === subtaskIndex,
  );
}

/** `forward` and `rescale` connect subtasks one to one or in groups; all others everyone with everyone. */
export function isPointwise(edge: JobEdge): boolean {
  return edge.partition === 'forward' || edge.partition === 'rescale';
}

/** Connected components over channels, by union-find; regions are numbered in order of first appearance. */
function findRegions(
  jobGraph: JobGraph,
  vertices: ReadonlyMap<VertexId, JobVertex>,
): (vertex: VertexId, subtask: number) => number {
  const base = new Map<VertexId, number>();
  let total = 0;
  for (const vertex of jobGraph.vertices) {
    base.set(vertex.id, total);
    total += vertex.parallelism;
  }
  const parent = Array.from({ length: total }, (_, i) => i);
  const find = (start: number): number => {
    let i = start;
    while (parent[i] !== i) {
      const up = parent[parent[i] as number] as number;
      parent[i] = up;
      i = up;
    }
    return i;
  };
  for (const edge of jobGraph.edges) {
    const from = base.get(edge.source) as number;
    const to = base.get(edge.target) as number;
    const consumers = vertices.get(edge.target)?.parallelism ?? 0;
    for (let consumer = 0; consumer < consumers; consumer++) {
      // One producer is enough to join an all-to-all edge, as the first consumer joins all producers.
      const all = isPointwise(edge) || consumer === 0;
      const joined = all ? peersOf({ vertices }, edge, 'consumer', consumer) : [0];
      for (const producer of joined) parent[find(from + producer)] = find(to + consumer);
    }
  }
  const numbers = new Map<number, number>();
  return (vertex, subtask) => {
    const root = find((base.get(vertex) as number) + subtask);
    const known = numbers.get(root);
    if (known !== undefined) return known;
    numbers.set(root, numbers.size);
    return numbers.size - 1;
  };
}
