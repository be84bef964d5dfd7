import type { CallTree } from '../ports/node-view.ts';
import type { FlameGraph } from './gateway.ts';
import type { FlameGraphFrame, FlameGraphPage } from './vertex-schemas.ts';

/** What Flink's dashboard takes for "no graph", by the reason. */
const MARKERS = { ENDED: -1, DISABLED: -2, WAITING: -3 } as const;

/** Flink's page of a flame graph; the times of those that are not there are marks. */
export function flameGraphJson(graph: FlameGraph): FlameGraphPage {
  if (typeof graph === 'string') return { endTimestamp: MARKERS[graph], data: null };
  return { endTimestamp: graph.at, data: nested(graph.tree) };
}

function nested(tree: CallTree): FlameGraphFrame | null {
  const frames = tree.map(({ name, value }): FlameGraphFrame => ({ name, value, children: [] }));
  for (const [index, { parent }] of tree.entries()) {
    const frame = frames[index];
    if (frame !== undefined) frames[parent]?.children.push(frame);
  }
  return frames[0] ?? null;
}
