import type { Aggregate } from './vertex-schemas.ts';

/** Flink's aggregates of values over subtasks; zeros where there are none. */
export function aggregates(values: readonly number[]): Aggregate {
  const sorted = values.toSorted((a, b) => a - b);
  const sum = sorted.reduce((total, value) => total + value, 0);
  const at = (share: number): number => Math.round(percentile(sorted, share));
  return {
    min: sorted[0] ?? 0,
    max: sorted.at(-1) ?? 0,
    avg: sorted.length === 0 ? 0 : Math.round(sum / sorted.length),
    sum,
    median: at(0.5),
    p25: at(0.25),
    p75: at(0.75),
    p95: at(0.95),
  };
}

/** By linear interpolation between neighbours, as Apache Commons Math does it; 0 for no values. */
export function percentile(sorted: readonly number[], share: number): number {
  if (sorted.length === 0) return 0;
  const position = share * (sorted.length + 1);
  const below = Math.floor(position);
  if (below < 1) return sorted[0] ?? 0;
  if (below >= sorted.length) return sorted.at(-1) ?? 0;
  const lower = sorted[below - 1] ?? 0;
  return lower + (position - below) * ((sorted[below] ?? 0) - lower);
}
