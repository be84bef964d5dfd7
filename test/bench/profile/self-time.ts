import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';

/** What V8 writes into a `.cpuprofile`, as far as it is read here. */
export interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  }[];
  /** Node that was on top at each sample. */
  readonly samples?: readonly number[];
  /** Microseconds before each sample. */
  readonly timeDeltas?: readonly number[];
}

export interface SelfTime {
  /** Function, file and line. */
  readonly where: string;
  /** Share of the time in which the thread was not idle. */
  readonly share: number;
}

const IDLE = '(idle)';

/** The functions that were on top longest, over all profiles. */
export function topBySelfTime(profiles: readonly CpuProfile[], functions: number): SelfTime[] {
  const times = new Map<string, number>();
  for (const { nodes, samples = [], timeDeltas = [] } of profiles) {
    const names = new Map(nodes.map(({ id, callFrame }) => [id, nameOf(callFrame)]));
    for (const [i, id] of samples.entries()) {
      const where = names.get(id) ?? '?';
      times.set(where, (times.get(where) ?? 0) + (timeDeltas[i] ?? 0));
    }
  }
  times.delete(IDLE);
  const total = [...times.values()].reduce((sum, time) => sum + time, 0);
  return [...times]
    .toSorted(([, a], [, b]) => b - a)
    .slice(0, functions)
    .map(([where, time]) => ({ where, share: time / total }));
}

function nameOf({ functionName, url, lineNumber }: CpuProfile['nodes'][number]['callFrame']): string {
  if (url === '') return functionName === '' ? '(native)' : functionName;
  const file = url.includes('.mjs') ? 'job' : basename(url);
  return `${functionName === '' ? '(anonymous)' : functionName} ${file}:${lineNumber + 1}`;
}

/** The profiles of one query in a folder. */
export function profilesOf(folder: string, name: string): CpuProfile[] {
  return readdirSync(folder)
    .filter((file) => file.startsWith(`${name}-`) && file.endsWith('.cpuprofile'))
    .map((file) => JSON.parse(readFileSync(join(folder, file), 'utf8')) as CpuProfile);
}
