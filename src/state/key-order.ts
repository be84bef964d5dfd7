import type { Key, PrimitiveKey } from '../functions/basic.ts';

/**
 * Total order of keys: null, booleans, numbers, bigints, texts (by code unit), tuples (part by part, a prefix first); within
 * each kind ascending.
 */
export function compareKeys(a: Key, b: Key): number {
  if (typeof a === 'object' && a !== null && typeof b === 'object' && b !== null) return compareTuples(a, b);
  const rank = rankOf(a) - rankOf(b);
  if (rank !== 0 || a === null || b === null) return rank;
  return a < b ? -1 : a > b ? 1 : 0;
}

function compareTuples(a: readonly PrimitiveKey[], b: readonly PrimitiveKey[]): number {
  for (const [index, part] of a.entries()) {
    const other = b[index];
    if (other === undefined) return 1;
    const order = compareKeys(part, other);
    if (order !== 0) return order;
  }
  return a.length - b.length;
}

function rankOf(key: Key): number {
  if (key === null) return 0;
  if (typeof key === 'boolean') return 1;
  if (typeof key === 'number') return 2;
  if (typeof key === 'bigint') return 3;
  return typeof key === 'string' ? 4 : 5;
}
