import type { MetricSamples } from '../protocol/metrics.ts';

/** Parts of a group's logical scope: of groups below it the names and keys, not the values of variables. */
export function logicalScope({ scope, path }: Pick<MetricSamples, 'scope' | 'path'>): readonly string[] {
  return [...scope.split('_'), ...path.map(([name]) => name as string)];
}
