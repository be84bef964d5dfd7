import { frameName } from './cpu-profile.ts';
import type { CallFrame, CpuProfile } from './cpu-profile.ts';
import type { HeapProfile, HeapProfileNode } from './heap-profile.ts';

/** The profile of one thread. */
export type ThreadProfile =
  | { readonly name: string; readonly cpu: CpuProfile }
  | { readonly name: string; readonly heap: HeapProfile };

interface Sampled {
  readonly type: 'sampled';
  readonly name: string;
  readonly unit: 'microseconds' | 'bytes';
  readonly startValue: number;
  readonly endValue: number;
  readonly samples: readonly (readonly number[])[];
  readonly weights: readonly number[];
}

/**
 * Profiles of threads as one file of speedscope (https://www.speedscope.app/file-format-schema.json), which draws them thread by
 * thread: as time went, and as flame graphs.
 */
export function speedscope(name: string, threads: readonly ThreadProfile[]): string {
  const frames = new Frames();
  const profiles = threads.map((thread) =>
    'cpu' in thread
      ? cpuSamples(thread.name, thread.cpu, frames)
      : heapSamples(thread.name, thread.heap, frames),
  );
  return JSON.stringify({
    $schema: 'https://www.speedscope.app/file-format-schema.json',
    exporter: 'millrace',
    name,
    activeProfileIndex: 0,
    shared: { frames: frames.all },
    profiles,
  });
}

/** Each frame once. */
class Frames {
  readonly all: { readonly name: string; readonly file: string; readonly line: number }[] = [];
  readonly #indexes = new Map<string, number>();

  indexOf(frame: CallFrame): number {
    const key = `${frame.functionName}\n${frame.url}\n${frame.lineNumber}`;
    const known = this.#indexes.get(key);
    if (known !== undefined) return known;
    const index = this.all.push({ name: frameName(frame), file: frame.url, line: frame.lineNumber + 1 }) - 1;
    this.#indexes.set(key, index);
    return index;
  }
}

function cpuSamples(name: string, { nodes, samples, timeDeltas }: CpuProfile, frames: Frames): Sampled {
  const parents = new Map(nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id])));
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const stacks = new Map<number, readonly number[]>();
  const stackOf = (id: number): readonly number[] => {
    const known = stacks.get(id);
    if (known !== undefined) return known;
    const parent = parents.get(id);
    const frame = byId.get(id)?.callFrame;
    const outer = parent === undefined ? [] : stackOf(parent);
    // The root stands for the thread, which the profile is named after.
    const stack = frame === undefined || parent === undefined ? outer : [...outer, frames.indexOf(frame)];
    stacks.set(id, stack);
    return stack;
  };
  // A sample holds until the next one.
  const weights = samples.map((_, index) => Math.max(0, timeDeltas[index + 1] ?? 0));
  const endValue = weights.reduce((sum, weight) => sum + weight, 0);
  return {
    type: 'sampled',
    name,
    unit: 'microseconds',
    startValue: 0,
    endValue,
    samples: samples.map(stackOf),
    weights,
  };
}

function heapSamples(name: string, { head }: HeapProfile, frames: Frames): Sampled {
  const samples: (readonly number[])[] = [];
  const weights: number[] = [];
  const walk = ({ callFrame, selfSize, children }: HeapProfileNode, outer: readonly number[]): void => {
    const stack = [...outer, frames.indexOf(callFrame)];
    if (selfSize > 0) {
      samples.push(stack);
      weights.push(selfSize);
    }
    for (const child of children) walk(child, stack);
  };
  for (const child of head.children) walk(child, []);
  const endValue = weights.reduce((sum, weight) => sum + weight, 0);
  return { type: 'sampled', name, unit: 'bytes', startValue: 0, endValue, samples, weights };
}
