import type { AggregateFunction } from './window.ts';

interface Sum {
  sum: number;
}
interface Average extends Sum {
  count: number;
}
interface Count {
  count: number;
}
interface Extreme {
  value: number;
}

/** Records whose field `F` is a number. */
type WithNumber<F extends string> = Readonly<Record<F, number>>;

function extreme<F extends string>(
  field: F,
  start: number,
  pick: (a: number, b: number) => number,
): AggregateFunction<WithNumber<F>, Extreme, number> {
  return {
    fields: [field],
    createAccumulator: () => ({ value: start }),
    add: (record, accumulator) => {
      accumulator.value = pick(accumulator.value, record[field]);
    },
    getResult: ({ value }) => value,
    merge: (a, b) => {
      a.value = pick(a.value, b.value);
      return a;
    },
  };
}

/**
 * Aggregates of one field, whose result is the number alone: `.window(...).aggregate(Aggregates.sum('price'))`. They say
 * which fields they read, so that behind a `keyBy` of named fields no other field is sent to them.
 */
export const Aggregates = {
  /** How many records there are. */
  count(): AggregateFunction<unknown, Count, number> {
    return {
      fields: [],
      createAccumulator: () => ({ count: 0 }),
      add: (_record, accumulator) => {
        accumulator.count += 1;
      },
      getResult: ({ count }) => count,
      merge: (a, b) => {
        a.count += b.count;
        return a;
      },
    };
  },

  sum<F extends string>(field: F): AggregateFunction<WithNumber<F>, Sum, number> {
    return {
      fields: [field],
      createAccumulator: () => ({ sum: 0 }),
      add: (record, accumulator) => {
        accumulator.sum += record[field];
      },
      getResult: ({ sum }) => sum,
      merge: (a, b) => {
        a.sum += b.sum;
        return a;
      },
    };
  },

  /** The smallest value; NaN where one of them is. */
  min<F extends string>(field: F): AggregateFunction<WithNumber<F>, Extreme, number> {
    return extreme(field, Number.POSITIVE_INFINITY, Math.min);
  },

  /** The largest value; NaN where one of them is. */
  max<F extends string>(field: F): AggregateFunction<WithNumber<F>, Extreme, number> {
    return extreme(field, Number.NEGATIVE_INFINITY, Math.max);
  },

  /** The arithmetic mean. */
  avg<F extends string>(field: F): AggregateFunction<WithNumber<F>, Average, number> {
    return {
      fields: [field],
      createAccumulator: () => ({ sum: 0, count: 0 }),
      add: (record, accumulator) => {
        accumulator.sum += record[field];
        accumulator.count += 1;
      },
      getResult: ({ sum, count }) => sum / count,
      merge: (a, b) => {
        a.sum += b.sum;
        a.count += b.count;
        return a;
      },
    };
  },
} as const;
