import type { ExecutionGraphInfo, VertexInfo } from '../protocol/execution-graph-info.ts';
import type { Plan, PlanNode } from './job-schemas.ts';

/** What the plan is drawn from: of a running job, or of one that is not submitted yet. */
export type Planned = Pick<ExecutionGraphInfo, 'jobId' | 'name' | 'batch' | 'vertices' | 'edges'>;

/** Flink's Plan. */
export function planJson(job: Planned): Plan {
  return {
    jid: job.jobId,
    name: job.name,
    type: jobType(job),
    nodes: job.vertices.map((vertex) => nodeJson(job, vertex)),
  };
}

export function jobType({ batch }: Pick<ExecutionGraphInfo, 'batch'>): 'BATCH' | 'STREAMING' {
  return batch ? 'BATCH' : 'STREAMING';
}

const STRATEGIES: Readonly<Record<string, string>> = { hash: 'HASH', shuffle: 'SHUFFLE' };

function nodeJson(job: Planned, vertex: VertexInfo): PlanNode {
  const { vertexId, parallelism, name, operators } = vertex;
  const inputs = job.edges
    .filter(({ target }) => target === vertexId)
    .map((edge) => ({
      num: edge.targetInput,
      id: edge.source,
      ship_strategy: STRATEGIES[edge.partition] ?? edge.partition.toUpperCase(),
      exchange: 'pipelined_bounded',
    }));
  return {
    id: vertexId,
    parallelism,
    operator: '',
    operator_strategy: '',
    description: operators.map((operator) => escaped(operator.name)).join('<br/>') || escaped(name),
    ...(inputs.length === 0 ? {} : { inputs }),
    optimizer_properties: {},
  };
}

/** Dashboards put descriptions into their pages as they are. */
export function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}
