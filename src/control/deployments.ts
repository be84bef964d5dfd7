import { assert } from '../base/assert.ts';
import type { AllocationId } from '../base/ids.ts';
import { peersOf } from '../graph/execution-graph.ts';
import type { ExecutionGraph, ExecutionVertex } from '../graph/execution-graph.ts';
import type { JobEdge } from '../graph/job-graph.ts';
import type { Deployment, Gate, JobInformation, RestoreLocation, SubmitTasks } from '../protocol/slot.ts';
import type { Epoch } from '../base/ids.ts';
import type { HeldSlot } from './scheduler/state.ts';

/** The deployments of one region, one message per slot. */
export function buildDeployments(
  graph: ExecutionGraph,
  executions: readonly ExecutionVertex[],
  attempt: number,
  slotFor: (vertex: ExecutionVertex) => HeldSlot,
  job: JobInformation,
  epoch: Epoch,
  restore: RestoreLocation | undefined,
): ReadonlyMap<AllocationId, { readonly slot: HeldSlot; readonly message: SubmitTasks }> {
  const edgesInto = groupEdges(graph, 'target');
  const edgesOutOf = groupEdges(graph, 'source');
  const bySlot = new Map<AllocationId, { slot: HeldSlot; table: LocationTable; tasks: Deployment[] }>();
  for (const vertex of executions) {
    const slot = slotFor(vertex);
    let entry = bySlot.get(slot.allocationId);
    if (entry === undefined) {
      entry = { slot, table: new LocationTable(), tasks: [] };
      bySlot.set(slot.allocationId, entry);
    }
    const { table } = entry;
    const jobVertex = graph.vertices.get(vertex.vertexId);
    assert(jobVertex !== undefined, 'a subtask belongs to a vertex of the graph');
    const gates = (edges: readonly JobEdge[], side: 'producer' | 'consumer'): Gate[] =>
      edges.map((edge) => gateOf(graph, edge, side, vertex, table, slotFor));
    entry.tasks.push({
      attempt,
      vertexId: vertex.vertexId,
      subtaskIndex: vertex.subtaskIndex,
      parallelism: jobVertex.parallelism,
      maxParallelism: jobVertex.maxParallelism,
      inputs: gates(edgesInto.get(vertex.vertexId) ?? [], 'consumer'),
      outputs: gates(edgesOutOf.get(vertex.vertexId) ?? [], 'producer'),
    });
  }
  return new Map(
    [...bySlot].map(([allocationId, { slot, table, tasks }]) => {
      const message = {
        type: 'submitTasks' as const,
        epoch,
        allocationId,
        job,
        locations: table.rows,
        tasks,
        ...(restore === undefined ? {} : { restore }),
      };
      return [allocationId, { slot, message }];
    }),
  );
}

function groupEdges(graph: ExecutionGraph, end: 'source' | 'target'): Map<string, JobEdge[]> {
  const groups = new Map<string, JobEdge[]>();
  for (const edge of graph.jobGraph.edges) groups.set(edge[end], [...(groups.get(edge[end]) ?? []), edge]);
  return groups;
}

function gateOf(
  graph: ExecutionGraph,
  edge: JobEdge,
  side: 'producer' | 'consumer',
  vertex: ExecutionVertex,
  table: LocationTable,
  slotFor: (vertex: ExecutionVertex) => HeldSlot,
): Gate {
  const peerVertexId = side === 'producer' ? edge.target : edge.source;
  const all = graph.executions.get(peerVertexId);
  const peers = peersOf(graph, edge, side, vertex.subtaskIndex).map((peerIndex): [number, number] => {
    const peer = all?.[peerIndex];
    assert(peer !== undefined, 'a peer is a subtask of the graph');
    return [peerIndex, table.indexOf(slotFor(peer))];
  });
  const maxParallelism = graph.vertices.get(edge.target)?.maxParallelism;
  assert(maxParallelism !== undefined, 'an edge leads to a vertex of the graph');
  return { edgeId: edge.id, targetInput: edge.targetInput, peerVertexId, maxParallelism, peers };
}

/** Slots that a message names, each once. */
class LocationTable {
  readonly rows: SubmitTasks['locations'] = [];
  readonly #known = new Map<AllocationId, number>();

  indexOf(slot: HeldSlot): number {
    const known = this.#known.get(slot.allocationId);
    if (known !== undefined) return known;
    this.rows.push([slot.taskManagerId, slot.processId, slot.slot]);
    this.#known.set(slot.allocationId, this.rows.length - 1);
    return this.rows.length - 1;
  }
}
