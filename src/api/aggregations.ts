import type { AggregateFunction } from '../functions/window.ts';

/** What `sum`, `min`, `max`, `minBy` and `maxBy` do with two records. */
export type FieldAggregation = 'sum' | 'min' | 'max' | 'minBy' | 'maxBy';

type Fields = Record<PropertyKey, number>;

/**
 * Rolling aggregation of one field, as a reduce: `sum`, `min` and `max` keep the other fields of the first record; `minBy` and
 * `maxBy` keep the whole record with the extreme value, the first one of equals.
 */
export function fieldReducer<T>(kind: FieldAggregation, field: keyof T): (accumulated: T, value: T) => T {
  const name = field as PropertyKey;
  switch (kind) {
    case 'sum':
      return (a, b) => withField(a, name, numberIn(a, name) + numberIn(b, name));
    case 'min':
      return (a, b) => (numberIn(b, name) < numberIn(a, name) ? withField(a, name, numberIn(b, name)) : a);
    case 'max':
      return (a, b) => (numberIn(b, name) > numberIn(a, name) ? withField(a, name, numberIn(b, name)) : a);
    case 'minBy':
      return (a, b) => (numberIn(b, name) < numberIn(a, name) ? b : a);
    case 'maxBy':
      return (a, b) => (numberIn(b, name) > numberIn(a, name) ? b : a);
  }
}

/** The same for windows: the accumulator owns a copy of the first record and is changed in place. */
export function fieldAggregate<T>(
  kind: FieldAggregation,
  field: keyof T,
): AggregateFunction<T, { value: T | undefined }, T> {
  const name = field as PropertyKey;
  const combine = (accumulator: { value: T | undefined }, value: T): void => {
    const own = accumulator.value;
    if (own === undefined) {
      accumulator.value = copyOf(value);
      return;
    }
    const fields = own as Fields;
    const next = numberIn(value, name);
    switch (kind) {
      case 'sum':
        fields[name] = numberIn(own, name) + next;
        return;
      case 'min':
        if (next < numberIn(own, name)) fields[name] = next;
        return;
      case 'max':
        if (next > numberIn(own, name)) fields[name] = next;
        return;
      case 'minBy':
        if (next < numberIn(own, name)) accumulator.value = copyOf(value);
        return;
      case 'maxBy':
        if (next > numberIn(own, name)) accumulator.value = copyOf(value);
        return;
    }
  };
  return {
    createAccumulator: () => ({ value: undefined }),
    add: (value, accumulator) => combine(accumulator, value),
    // A copy: the window may fire again, and what it emitted must not change.
    getResult: (accumulator) => copyOf(accumulator.value as T),
    merge: (a, b) => {
      if (b.value !== undefined) combine(a, b.value);
      return a;
    },
  };
}

function numberIn(value: unknown, field: PropertyKey): number {
  return (value as Fields)[field] as number;
}

function copyOf<T>(value: T): T {
  return Array.isArray(value) ? ([...value] as T) : { ...value };
}

function withField<T>(value: T, field: PropertyKey, number: number): T {
  const copy = copyOf(value);
  (copy as Fields)[field] = number;
  return copy;
}
