import type { CallTree, CallTreeKind } from '../../../src/ports/node-view.ts';

/** What V8's sampling profiler gives (`Profiler.Profile` of the DevTools protocol). Times in microseconds. */
export interface CpuProfile {
  readonly nodes: readonly CpuProfileNode[];
  readonly startTime: number;
  readonly endTime: number;
  /** Node of each sample. */
  readonly samples: readonly number[];
  /** From the sample before to each. */
  readonly timeDeltas: readonly number[];
}

export interface CpuProfileNode {
  readonly id: number;
  readonly callFrame: CallFrame;
  readonly children?: readonly number[];
}

export interface CallFrame {
  readonly functionName: string;
  readonly url: string;
  readonly lineNumber: number;
}

/** Nodes that stand for no function. */
const IDLE = '(idle)';
const ROOT = '(root)';

/** How a frame is written: function, file and line. */
export function frameName({ functionName, url, lineNumber }: CallFrame): string {
  const name = functionName === '' ? '(anonymous)' : functionName;
  if (url === '') return name;
  const file = url.slice(url.lastIndexOf('/') + 1);
  return `${name} (${file}:${lineNumber + 1})`;
}

/** The stack of the newest sample that was not idle, innermost first; empty where the thread only waited. */
export function newestStack({ nodes, samples }: CpuProfile): readonly string[] {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const parents = parentsOf(nodes);
  for (const sample of samples.toReversed()) {
    const stack: string[] = [];
    for (let id: number | undefined = sample; id !== undefined; id = parents.get(id)) {
      const frame = byId.get(id)?.callFrame;
      if (frame !== undefined && frame.functionName !== ROOT) stack.push(frameName(frame));
    }
    if (stack.length > 0 && stack[0] !== IDLE) return stack;
  }
  return [];
}

/** Samples by call path, at most `depth` frames deep and `size` nodes in all: of what is too much, the deepest is left out. */
export function callTree(profile: CpuProfile, kind: CallTreeKind, depth: number, size: number): CallTree {
  const totals = totalSamples(profile);
  const byId = new Map(profile.nodes.map((node) => [node.id, node]));
  const root = profile.nodes.find(({ callFrame }) => callFrame.functionName === ROOT) ?? profile.nodes[0];
  const tree: { name: string; value: number; parent: number }[] = [];
  if (root === undefined) return tree;
  // Breadth first: a node comes after its parent, and what is cut off is what is deep.
  const queue: { readonly id: number; readonly parent: number; readonly level: number }[] = [
    { id: root.id, parent: -1, level: 0 },
  ];
  for (const { id, parent, level } of queue) {
    const node = byId.get(id);
    const value = totals.get(id) ?? 0;
    if (node === undefined || tree.length >= size) continue;
    const index = tree.push({ name: frameName(node.callFrame), value, parent }) - 1;
    if (level >= depth) continue;
    const wanted = (node.children ?? []).filter((child) => {
      const isIdle = byId.get(child)?.callFrame.functionName === IDLE;
      return (
        (totals.get(child) ?? 0) > 0 && (kind === 'FULL' || level > 0 || isIdle === (kind === 'OFF_CPU'))
      );
    });
    const ordered = wanted.toSorted((a, b) => (totals.get(b) ?? 0) - (totals.get(a) ?? 0));
    for (const child of ordered) queue.push({ id: child, parent: index, level: level + 1 });
  }
  const [top] = tree;
  if (top !== undefined && kind !== 'FULL')
    top.value = tree.filter(({ parent }) => parent === 0).reduce((sum, { value }) => sum + value, 0);
  return tree;
}

function parentsOf(nodes: readonly CpuProfileNode[]): ReadonlyMap<number, number> {
  return new Map(nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id] as const)));
}

/** Samples in each node and those below it. */
function totalSamples({ nodes, samples }: CpuProfile): ReadonlyMap<number, number> {
  const parents = parentsOf(nodes);
  const own = new Map<number, number>();
  for (const id of samples) own.set(id, (own.get(id) ?? 0) + 1);
  const totals = new Map<number, number>();
  for (const [sampled, count] of own)
    for (let id: number | undefined = sampled; id !== undefined; id = parents.get(id))
      totals.set(id, (totals.get(id) ?? 0) + count);
  return totals;
}
