/** How the values of several components become one. */
export const AGGREGATIONS = ['min', 'max', 'avg', 'sum', 'skew'] as const;
export type Aggregation = (typeof AGGREGATIONS)[number];

/** @param values at least one */
export function aggregate(aggregation: Aggregation, values: readonly number[]): number {
  const sum = values.reduce((total, value) => total + value, 0);
  switch (aggregation) {
    case 'min':
      return values.reduce((least, value) => Math.min(least, value));
    case 'max':
      return values.reduce((most, value) => Math.max(most, value));
    case 'sum':
      return sum;
    case 'avg':
      return sum / values.length;
    case 'skew':
      return skew(values, sum / values.length);
  }
}

/** Mean distance from the mean, in percent of it, 100 at most: 0 is even. */
function skew(values: readonly number[], mean: number): number {
  if (mean === 0) return 0;
  const distance = values.reduce((total, value) => total + Math.abs(value - mean), 0) / values.length;
  return Math.min(100, (distance / Math.abs(mean)) * 100);
}
