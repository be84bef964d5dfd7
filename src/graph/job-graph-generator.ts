import { createHash } from 'node:crypto';
import { assert } from '../base/assert.ts';
import { UserError } from '../base/errors.ts';
import type { OperatorId, VertexId } from '../base/ids.ts';
import type { ChainLink, ChainNode, ChainPlan, EdgeRecords, PartitionerSpec } from './chain-plan.ts';
import { checkNotGeneric, edgeRecords } from './edge-records.ts';
import type { JobEdge, JobGraph, JobVertex } from './job-graph.ts';
import { operatorIds } from './operator-ids.ts';
import { checkName } from './stream-graph.ts';
import type { StreamEdge, StreamGraph, StreamNode } from './stream-graph.ts';

/** Largest key-group count, as Flink's. */
export const MAX_PARALLELISM_BOUND = 32_768;
const DEFAULT_SLOT_SHARING_GROUP = 'default';

export interface GraphSettings {
  readonly jobName: string;
  /** Parallelism of operators that set none: `-p` before the job's own before `parallelism.default`. */
  readonly parallelism: number;
  /** `pipeline.max-parallelism`; undefined derives it from the parallelism. */
  readonly maxParallelism: number | undefined;
  /** `pipeline.operator-chaining.enabled` */
  readonly chaining: boolean;
  /** `pipeline.jobvertex-parallelism-overrides`: by the id of a vertex; those of none are ignored. */
  readonly parallelismOverrides?: ReadonlyMap<string, number>;
  /** `pipeline.generic-types`: whether records between tasks may do without a declared type. */
  readonly genericTypes: boolean;
}

/** The job graph with the functions beside it, vertex by vertex. */
export interface GeneratedJob<F> {
  readonly jobGraph: JobGraph;
  readonly plans: ReadonlyMap<VertexId, ChainPlan<F>>;
  /** Execution mode BATCH: the job keeps what it works on until its end, and takes no checkpoints. */
  readonly batch?: boolean;
  /** What the job itself says of its checkpoints; ms. */
  readonly checkpointIntervalMs?: number | undefined;
}

/** Everything that is known of a node once defaults are applied. */
interface ResolvedNode<F> {
  readonly node: StreamNode<F>;
  readonly id: OperatorId;
  readonly parallelism: number;
  readonly maxParallelism: number;
  readonly group: string;
}

/**
 * StreamGraph -> chained JobGraph, with Flink's chaining rules. Pure: the same graph and settings give the same result, hash
 * included, on every node.
 * @throws UserError when the graph is empty, a parallelism is out of bounds, a uid repeats, or a type
 * is missing that `genericTypes` wants.
 */
export function generateJobGraph<F>(graph: StreamGraph<F>, settings: GraphSettings): GeneratedJob<F> {
  checkName(settings.jobName, 'job');
  if (graph.nodes.length === 0) {
    throw new UserError(
      `job "${settings.jobName}" has no operators: add a source with env.fromSource or env.fromCollection`,
    );
  }
  const nodes = resolveNodes(graph, settings);
  const partitioners = graph.edges.map((edge) => resolvePartitioner(edge, nodes));
  const chained = graph.edges.map(
    (edge, i) => settings.chaining && isChainable(graph, edge, partitioners[i], nodes),
  );
  return new JobGraphBuilder(graph, settings, nodes, partitioners, chained).build();
}

function resolveNodes<F>(graph: StreamGraph<F>, settings: GraphSettings): ResolvedNode<F>[] {
  const ids = operatorIds(graph);
  const resolved: ResolvedNode<F>[] = [];
  for (const node of graph.nodes) {
    const parallelism = node.nonParallel ? 1 : (node.parallelism ?? settings.parallelism);
    const maxParallelism =
      node.maxParallelism ?? settings.maxParallelism ?? defaultMaxParallelism(parallelism);
    checkParallelism(node.name, parallelism, maxParallelism);
    const id = ids[node.id];
    assert(id !== undefined, 'every node has an id');
    const groups = new Set(graph.inputsOf(node.id).map((edge) => resolved[edge.source]?.group));
    const inherited = groups.size === 1 ? [...groups][0] : undefined;
    const group = node.slotSharingGroup ?? inherited ?? DEFAULT_SLOT_SHARING_GROUP;
    resolved.push({ node, id, parallelism, maxParallelism, group });
  }
  return resolved;
}

/** Flink's rule: 1.5 times the parallelism, rounded up to a power of two, within [128, 32768]. */
export function defaultMaxParallelism(parallelism: number): number {
  const wanted = 2 ** Math.ceil(Math.log2(parallelism + Math.floor(parallelism / 2)));
  return Math.min(Math.max(wanted, 128), MAX_PARALLELISM_BOUND);
}

function checkParallelism(name: string, parallelism: number, maxParallelism: number): void {
  if (!Number.isInteger(parallelism) || parallelism < 1) {
    throw new UserError(
      `parallelism of operator "${name}" must be a whole number of at least 1, got ${parallelism}`,
    );
  }
  if (!Number.isInteger(maxParallelism) || maxParallelism < 1 || maxParallelism > MAX_PARALLELISM_BOUND) {
    throw new UserError(
      `max parallelism of operator "${name}" must be a whole number from 1 to ${MAX_PARALLELISM_BOUND}, got ${maxParallelism}`,
    );
  }
  if (parallelism > maxParallelism) {
    throw new UserError(
      `parallelism ${parallelism} of operator "${name}" is above its max parallelism ${maxParallelism}: ` +
        'lower the parallelism or raise setMaxParallelism / pipeline.max-parallelism',
    );
  }
}

function at<T>(items: readonly T[], index: number): T {
  const item = items[index];
  assert(item !== undefined, `index ${index} of ${items.length}`);
  return item;
}

function resolvePartitioner<F>(edge: StreamEdge, nodes: readonly ResolvedNode<F>[]): PartitionerSpec {
  const source = at(nodes, edge.source);
  const target = at(nodes, edge.target);
  const { partitioner } = edge;
  if (partitioner.kind === 'auto') {
    return { kind: source.parallelism === target.parallelism ? 'forward' : 'rebalance' };
  }
  if (partitioner.kind === 'forward' && source.parallelism !== target.parallelism) {
    throw new UserError(
      `forward() needs equal parallelism, but "${source.node.name}" has ${source.parallelism} and ` +
        `"${target.node.name}" has ${target.parallelism}: use rebalance() or rescale()`,
    );
  }
  return partitioner;
}

function isChainable<F>(
  graph: StreamGraph<F>,
  edge: StreamEdge,
  partitioner: PartitionerSpec | undefined,
  nodes: readonly ResolvedNode<F>[],
): boolean {
  const source = at(nodes, edge.source);
  const target = at(nodes, edge.target);
  return (
    partitioner?.kind === 'forward' &&
    graph.inputsOf(edge.target).length === 1 &&
    source.node.chaining !== 'never' &&
    target.node.chaining === 'always' &&
    source.group === target.group &&
    source.maxParallelism === target.maxParallelism
  );
}

/** Collects chains from their heads and links them. */
class JobGraphBuilder<F> {
  readonly #graph: StreamGraph<F>;
  readonly #settings: GraphSettings;
  readonly #nodes: readonly ResolvedNode<F>[];
  readonly #partitioners: readonly PartitionerSpec[];
  readonly #chained: readonly boolean[];
  readonly #records: readonly EdgeRecords[];
  /** Node -> id of the vertex that runs it. */
  readonly #vertexOf = new Map<number, VertexId>();
  readonly #parallelism = new Map<VertexId, number>();
  readonly #edges: JobEdge[] = [];
  /** Stream edge -> id of its job edge. */
  readonly #edgeIds = new Map<StreamEdge, string>();

  constructor(
    graph: StreamGraph<F>,
    settings: GraphSettings,
    nodes: readonly ResolvedNode<F>[],
    partitioners: readonly PartitionerSpec[],
    chained: readonly boolean[],
  ) {
    this.#graph = graph;
    this.#settings = settings;
    this.#nodes = nodes;
    this.#partitioners = partitioners;
    this.#chained = chained;
    this.#records = edgeRecords(graph, settings.genericTypes);
  }

  build(): GeneratedJob<F> {
    const chains = this.#nodes
      .filter((n) => this.#isHead(n.node.id))
      .map((head) => this.#collect(head.node.id));
    for (const chain of chains) {
      const vertexId = at(this.#nodes, at(chain, 0)).id as string as VertexId;
      for (const member of chain) this.#vertexOf.set(member, vertexId);
    }
    const vertices = chains.map((chain) => this.#vertex(chain));
    for (const vertex of vertices) this.#parallelism.set(vertex.id, vertex.parallelism);
    this.#linkVertices();
    const plans = new Map(chains.map((chain) => this.#plan(chain)).map((plan) => [plan.vertexId, plan]));
    const shape = { name: this.#settings.jobName, vertices, edges: this.#edges };
    const graphHash = createHash('sha256').update(JSON.stringify(shape)).digest('hex');
    return { jobGraph: { ...shape, graphHash }, plans };
  }

  #isHead(nodeId: number): boolean {
    return !this.#graph.edges.some((edge, i) => edge.target === nodeId && this.#chained[i] === true);
  }

  /** Members of a chain in order of creation, head first: links always point forward. */
  #collect(head: number): number[] {
    const members = [head];
    for (let i = 0; i < members.length; i++) {
      this.#graph.edges.forEach((edge, e) => {
        if (edge.source === members[i] && this.#chained[e] === true) members.push(edge.target);
      });
    }
    return members.toSorted((a, b) => a - b);
  }

  #linkVertices(): void {
    this.#graph.edges.forEach((edge, i) => {
      if (this.#chained[i] === true) return;
      const source = this.#vertexOf.get(edge.source);
      const target = this.#vertexOf.get(edge.target);
      assert(source !== undefined && target !== undefined, 'every node is in a chain');
      const id = `e${this.#edges.length}`;
      const records = at(this.#records, i);
      checkNotGeneric(records);
      this.#edgeIds.set(edge, id);
      this.#edges.push({
        id,
        source,
        target,
        targetInput: edge.targetInput,
        partition: this.#partitioner(edge).kind,
        ...(edge.sideOutput === undefined ? {} : { sideOutput: edge.sideOutput }),
        ...(records.type === undefined ? {} : { type: records.type.fingerprint }),
        ...(records.fields === undefined ? {} : { fields: records.fields }),
      });
    });
  }

  #vertex(chain: readonly number[]): JobVertex {
    const members = chain.map((id) => at(this.#nodes, id));
    const head = at(members, 0);
    const fixed = members.some(({ node }) => node.nonParallel || node.keepsParallelism);
    return {
      id: head.id as string as VertexId,
      name: members.map(({ node }) => (node.isSource ? `Source: ${node.name}` : node.name)).join(' -> '),
      parallelism: fixed ? head.parallelism : this.#overridden(head),
      maxParallelism: head.maxParallelism,
      slotSharingGroup: head.group,
      isSource: head.node.isSource,
      ...(fixed ? { fixedParallelism: true } : {}),
      ...(head.node.alignmentGroup === undefined ? {} : { alignmentGroup: head.node.alignmentGroup }),
      operators: members.map(({ node, id }) => ({
        id,
        name: node.name,
        kind: node.kind,
        ...(node.uid === undefined ? {} : { uid: node.uid }),
      })),
    };
  }

  /** @throws UserError for one out of bounds */
  #overridden({ node, id, parallelism, maxParallelism }: ResolvedNode<F>): number {
    const override = this.#settings.parallelismOverrides?.get(id);
    if (override !== undefined) checkParallelism(node.name, override, maxParallelism);
    return override ?? parallelism;
  }

  /** Vertices keep their operators, whatever their parallelism becomes: where it is not the same any more, records are spread. */
  #partitioner(edge: StreamEdge): PartitionerSpec {
    const chosen = at(this.#partitioners, this.#graph.edges.indexOf(edge));
    const source = this.#vertexOf.get(edge.source);
    const target = this.#vertexOf.get(edge.target);
    assert(source !== undefined && target !== undefined, 'every node is in a chain');
    if (chosen.kind !== 'forward' || this.#parallelism.get(source) === this.#parallelism.get(target))
      return chosen;
    return { kind: edge.partitioner.kind === 'forward' ? 'rescale' : 'rebalance' };
  }

  #plan(chain: readonly number[]): ChainPlan<F> {
    const position = new Map(chain.map((nodeId, i) => [nodeId, i]));
    const nodes = chain.map((nodeId): ChainNode<F> => {
      const { node, id } = at(this.#nodes, nodeId);
      const outputs = this.#graph.outputsOf(nodeId).map((edge) => this.#link(edge, position));
      return { operatorId: id, name: node.name, factory: node.factory, outputs };
    });
    const inputs = new Map<string, EdgeRecords>();
    for (const [edge, edgeId] of this.#edgeIds)
      if (edge.target === chain[0]) inputs.set(edgeId, this.#recordsOf(edge));
    return { vertexId: at(nodes, 0).operatorId as string as VertexId, nodes, inputs };
  }

  #recordsOf(edge: StreamEdge): EdgeRecords {
    return at(this.#records, this.#graph.edges.indexOf(edge));
  }

  #link(edge: StreamEdge, position: ReadonlyMap<number, number>): ChainLink {
    const side = edge.sideOutput === undefined ? {} : { sideOutput: edge.sideOutput };
    const edgeId = this.#edgeIds.get(edge);
    if (edgeId !== undefined) {
      return {
        to: 'edge',
        edgeId,
        partitioner: this.#partitioner(edge),
        records: this.#recordsOf(edge),
        ...side,
      };
    }
    const index = position.get(edge.target);
    assert(index !== undefined, 'a chained edge stays within its chain');
    return { to: 'operator', index, ...side };
  }
}
