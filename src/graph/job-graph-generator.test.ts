import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { buildExecutionGraph, peersOf } from './execution-graph.ts';
import { defaultMaxParallelism, generateJobGraph } from './job-graph-generator.ts';
import type { GraphSettings } from './job-graph-generator.ts';
import type { PartitionKind } from './job-graph.ts';
import { StreamGraph } from './stream-graph.ts';
import type { EdgePartitioner } from './stream-graph.ts';

const SETTINGS: GraphSettings = {
  jobName: 'job',
  parallelism: 2,
  maxParallelism: undefined,
  chaining: true,
  genericTypes: true,
};
const AUTO: EdgePartitioner = { kind: 'auto' };
const HASH: EdgePartitioner = { kind: 'hash', keySelector: (value) => String(value) };

/** source -> map -> (hash) reduce -> sink, each with the factory named after it. */
function wordCount(): StreamGraph<string> {
  const graph = new StreamGraph<string>();
  const source = graph.addNode({ kind: 'source', factory: 'source', name: 'words', isSource: true });
  const map = graph.addNode({ kind: 'map', factory: 'map', name: 'pair' });
  const reduce = graph.addNode({ kind: 'reduce', factory: 'reduce', name: 'count' });
  const sink = graph.addNode({ kind: 'sink', factory: 'sink', name: 'out' });
  graph.addEdge({ source: source.id, target: map.id, targetInput: 0, partitioner: AUTO });
  graph.addEdge({ source: map.id, target: reduce.id, targetInput: 0, partitioner: HASH });
  graph.addEdge({ source: reduce.id, target: sink.id, targetInput: 0, partitioner: AUTO });
  return graph;
}

describe('generateJobGraph', () => {
  it('when operators forward to each other then they share a vertex, and keyBy cuts the chain', () => {
    const { jobGraph, plans } = generateJobGraph(wordCount(), SETTINGS);
    expect(jobGraph.vertices.map((vertex) => vertex.name)).toEqual(['Source: words -> pair', 'count -> out']);
    expect(jobGraph.edges).toMatchObject([{ id: 'e0', partition: 'hash', targetInput: 0 }]);
    const first = plans.get(jobGraph.vertices[0]!.id)!;
    expect(first.nodes.map((node) => node.factory)).toEqual(['source', 'map']);
    expect(first.nodes[0]!.outputs).toEqual([{ to: 'operator', index: 1 }]);
    expect(first.nodes[1]!.outputs).toMatchObject([
      { to: 'edge', edgeId: 'e0', partitioner: { kind: 'hash' } },
    ]);
  });

  it('when chaining is disabled then every operator is a vertex', () => {
    const { jobGraph } = generateJobGraph(wordCount(), { ...SETTINGS, chaining: false });
    expect(jobGraph.vertices).toHaveLength(4);
    expect(jobGraph.edges.map((edge) => edge.partition)).toEqual(['forward', 'hash', 'forward']);
  });

  it('when an operator starts a new chain or refuses chaining then the chain is cut there', () => {
    const graph = wordCount();
    graph.nodes[1]!.chaining = 'head';
    graph.nodes[3]!.chaining = 'never';
    expect(generateJobGraph(graph, SETTINGS).jobGraph.vertices).toHaveLength(4);
  });

  it('when parallelism differs then the edge rebalances and is not chained', () => {
    const graph = wordCount();
    graph.nodes[3]!.parallelism = 1;
    const { jobGraph } = generateJobGraph(graph, SETTINGS);
    expect(jobGraph.edges.map((edge) => edge.partition)).toEqual(['hash', 'rebalance']);
    expect(jobGraph.vertices.map((vertex) => vertex.parallelism)).toEqual([2, 2, 1]);
  });

  it('when slot sharing groups differ then operators are not chained and inherit from their inputs', () => {
    const graph = wordCount();
    graph.nodes[2]!.slotSharingGroup = 'heavy';
    const { jobGraph } = generateJobGraph(graph, SETTINGS);
    expect(jobGraph.vertices.map((vertex) => vertex.slotSharingGroup)).toEqual(['default', 'heavy']);
  });

  it('when the same graph is built twice then ids and hash are equal, and a changed parallelism changes the hash', () => {
    const one = generateJobGraph(wordCount(), SETTINGS).jobGraph;
    const two = generateJobGraph(wordCount(), SETTINGS).jobGraph;
    const three = generateJobGraph(wordCount(), { ...SETTINGS, parallelism: 3 }).jobGraph;
    expect(two).toEqual(one);
    expect(three.graphHash).not.toBe(one.graphHash);
    expect(three.vertices.map((vertex) => vertex.id)).toEqual(one.vertices.map((vertex) => vertex.id));
  });

  it('when a uid is set then the operator keeps its id in a changed graph', () => {
    const before = wordCount();
    before.nodes[2]!.uid = 'counter';
    const after = new StreamGraph<string>();
    const source = after.addNode({ kind: 'source', factory: 's', name: 'other', isSource: true });
    const reduce = after.addNode({ kind: 'reduce', factory: 'r', name: 'count' });
    reduce.uid = 'counter';
    after.addEdge({ source: source.id, target: reduce.id, targetInput: 0, partitioner: HASH });
    const idOf = (graph: StreamGraph<string>): string | undefined =>
      generateJobGraph(graph, SETTINGS)
        .jobGraph.vertices.flatMap((vertex) => vertex.operators)
        .find((operator) => operator.uid === 'counter')?.id;
    expect(idOf(after)).toBe(idOf(before));
  });

  it('when two operators have one uid then both are named', () => {
    const graph = wordCount();
    graph.nodes[1]!.uid = 'same';
    graph.nodes[2]!.uid = 'same';
    expect(() => generateJobGraph(graph, SETTINGS)).toThrow(
      /uid "same" is used by two operators, "pair" and "count"/,
    );
  });

  it('when parallelism is above max parallelism then operator and both numbers are named', () => {
    const graph = wordCount();
    graph.nodes[2]!.maxParallelism = 4;
    expect(() => generateJobGraph(graph, { ...SETTINGS, parallelism: 8 })).toThrow(
      /parallelism 8 of operator "count" is above its max parallelism 4/,
    );
  });

  it('when forward joins unequal parallelisms then it is refused with the cure', () => {
    const graph = wordCount();
    graph.nodes[3]!.parallelism = 1;
    graph.edges[2] = { ...graph.edges[2]!, partitioner: { kind: 'forward' } };
    expect(() => generateJobGraph(graph, SETTINGS)).toThrow(/forward\(\) needs equal parallelism.*rebalance/);
  });

  it('when the graph is empty then the error says to add a source', () => {
    expect(() => generateJobGraph(new StreamGraph<string>(), SETTINGS)).toThrow(
      /has no operators: add a source/,
    );
  });

  it('when names hold wildcards, blanks, Unicode or 10 kB then they are kept and ids stay ids', () => {
    for (const name of ['a.b', '>', '*', 'with blank', 'naïve 日本 \u202e', 'x'.repeat(10_240)]) {
      const graph = wordCount();
      graph.nodes[1]!.name = name;
      const { jobGraph } = generateJobGraph(graph, { ...SETTINGS, jobName: name });
      expect(jobGraph.name).toBe(name);
      expect(jobGraph.vertices.every((vertex) => /^[0-9a-f]{32}$/.test(vertex.id))).toBe(true);
    }
  });
});

describe('defaultMaxParallelism', () => {
  it('when parallelism grows then the bound is at least 128, a power of two, and above it', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 32_768 }), (parallelism) => {
        const bound = defaultMaxParallelism(parallelism);
        expect(bound).toBeGreaterThanOrEqual(Math.max(128, parallelism));
        expect(Math.log2(bound) % 1).toBe(0);
      }),
    );
  });
});

describe('buildExecutionGraph', () => {
  it('when vertices exchange by hash then all subtasks are one region and share one slot per index', () => {
    const graph = buildExecutionGraph(generateJobGraph(wordCount(), SETTINGS).jobGraph);
    expect(graph.regions).toHaveLength(1);
    expect(graph.slots).toEqual([
      { slotSharingGroup: 'default', index: 0 },
      { slotSharingGroup: 'default', index: 1 },
    ]);
  });

  it('when subtasks are joined by forward only then each index is a region of its own', () => {
    const graph = new StreamGraph<string>();
    const source = graph.addNode({ kind: 'source', factory: 's', name: 's', isSource: true });
    const sink = graph.addNode({ kind: 'sink', factory: 'o', name: 'o', chaining: 'never' });
    graph.addEdge({ source: source.id, target: sink.id, targetInput: 0, partitioner: AUTO });
    const execution = buildExecutionGraph(generateJobGraph(graph, { ...SETTINGS, parallelism: 3 }).jobGraph);
    expect(execution.regions.map((region) => region.map((vertex) => vertex.subtaskIndex))).toEqual([
      [0, 0],
      [1, 1],
      [2, 2],
    ]);
  });

  it('when peers are asked from both ends of any edge then the answers agree and nobody is left out', () => {
    const kinds: PartitionKind[] = ['rescale', 'hash'];
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 12 }),
        fc.integer({ min: 1, max: 12 }),
        fc.constantFrom(...kinds),
        (producers, consumers, kind) => {
          const graph = new StreamGraph<string>();
          const a = graph.addNode({
            kind: 'source',
            factory: 's',
            name: 'a',
            isSource: true,
            parallelism: producers,
          });
          const b = graph.addNode({ kind: 'sink', factory: 'o', name: 'b', parallelism: consumers });
          const partitioner = kind === 'hash' ? HASH : ({ kind: 'rescale' } as const);
          graph.addEdge({ source: a.id, target: b.id, targetInput: 0, partitioner });
          const execution = buildExecutionGraph(generateJobGraph(graph, SETTINGS).jobGraph);
          const edge = execution.jobGraph.edges[0]!;
          for (let p = 0; p < producers; p++) {
            const targets = peersOf(execution, edge, 'producer', p);
            expect(targets.length).toBeGreaterThan(0);
            for (const c of targets) expect(peersOf(execution, edge, 'consumer', c)).toContain(p);
          }
          for (let c = 0; c < consumers; c++)
            expect(peersOf(execution, edge, 'consumer', c).length).toBeGreaterThan(0);
        },
      ),
    );
  });
});
