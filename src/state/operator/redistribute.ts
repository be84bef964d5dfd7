import { InternalError } from '../../base/errors.ts';

/** `split`: elements are shared out; `union`: all to each; `broadcast`: entries [key, value], the same everywhere. */
export type Distribution = 'split' | 'union' | 'broadcast';

export interface NamedOperatorState {
  readonly name: string;
  readonly distribution: Distribution;
  readonly elements: readonly unknown[];
}

/** Operator state of one subtask, as plain data. */
export type OperatorStateSnapshot = readonly NamedOperatorState[];

/**
 * Operator state of `snapshots.length` subtasks for `parallelism` subtasks, by Flink's rules: with the same parallelism, split
 * lists stay where they were; else they are cut, in order, into parts whose sizes differ by one at most.
 * @throws InternalError when a name has two distributions
 */
export function redistributeOperatorState(
  snapshots: readonly OperatorStateSnapshot[],
  parallelism: number,
): OperatorStateSnapshot[] {
  const targets: NamedOperatorState[][] = Array.from({ length: parallelism }, () => []);
  for (const [name, distribution] of distributions(snapshots)) {
    const parts = snapshots.map((states) => states.find((state) => state.name === name)?.elements);
    for (const [index, target] of targets.entries()) {
      target.push({ name, distribution, elements: elementsFor(distribution, parts, index, parallelism) });
    }
  }
  return targets;
}

function distributions(snapshots: readonly OperatorStateSnapshot[]): Map<string, Distribution> {
  const found = new Map<string, Distribution>();
  for (const { name, distribution } of snapshots.flat()) {
    const before = found.get(name) ?? distribution;
    if (before !== distribution) {
      throw new InternalError(
        `operator state "${name}" is ${before} in one subtask and ${distribution} in another`,
      );
    }
    found.set(name, distribution);
  }
  return found;
}

function elementsFor(
  distribution: Distribution,
  parts: readonly (readonly unknown[] | undefined)[],
  index: number,
  parallelism: number,
): readonly unknown[] {
  switch (distribution) {
    case 'split': {
      if (parts.length === parallelism) return parts[index] ?? [];
      const all = parts.flatMap((part) => part ?? []);
      const startOf = (subtask: number): number => Math.floor((subtask * all.length) / parallelism);
      return all.slice(startOf(index), startOf(index + 1));
    }
    case 'union':
      return parts.flatMap((part) => part ?? []);
    case 'broadcast': {
      const present = parts.filter((part) => part !== undefined);
      return present[index % present.length] ?? [];
    }
  }
}
