import type { CallFrame } from './cpu-profile.ts';

/** What V8's sampling heap profiler gives (`HeapProfiler.SamplingHeapProfile`): what was allocated, and lives. Bytes. */
export interface HeapProfile {
  readonly head: HeapProfileNode;
}

export interface HeapProfileNode {
  readonly callFrame: CallFrame;
  readonly selfSize: number;
  readonly children: readonly HeapProfileNode[];
}
