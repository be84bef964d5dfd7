import { InternalError, UserError } from '../base/errors.ts';
import type { OperatorFactory } from '../dataplane/chain/operator.ts';
import type { SourceOperatorFactory } from '../dataplane/operators/index.ts';
import type { RuntimeExecutionMode } from '../functions/execution-mode.ts';
import { StreamGraph } from '../graph/stream-graph.ts';
import type { StreamNode } from '../graph/stream-graph.ts';

/**
 * The graph as the mode wants it: in BATCH, operators that differ there are exchanged; ids stay the same.
 * @throws UserError for BATCH with an unbounded source
 */
export function graphForMode(
  graph: StreamGraph<OperatorFactory>,
  mode: RuntimeExecutionMode,
): StreamGraph<OperatorFactory> {
  const unbounded = graph.nodes.find((node) => node.isSource && !isBounded(node));
  switch (mode) {
    case 'STREAMING':
      return graph;
    case 'AUTOMATIC':
      return unbounded === undefined ? batchGraph(graph) : graph;
    case 'BATCH':
      if (unbounded === undefined) return batchGraph(graph);
      throw new UserError(
        `source "${unbounded.name}" is unbounded and cannot run with execution.runtime-mode BATCH: ` +
          'bound the source, or use STREAMING or AUTOMATIC',
      );
  }
}

function isBounded(node: StreamNode<OperatorFactory>): boolean {
  const { source } = node.factory as Partial<SourceOperatorFactory>;
  if (source === undefined) throw new InternalError(`operator "${node.name}" is no source`);
  return source.boundedness === 'bounded';
}

function batchGraph(graph: StreamGraph<OperatorFactory>): StreamGraph<OperatorFactory> {
  const batch = new StreamGraph<OperatorFactory>();
  for (const node of graph.nodes)
    batch.nodes.push({ ...node, factory: node.factory.forBatch?.() ?? node.factory });
  batch.edges.push(...graph.edges);
  return batch;
}
