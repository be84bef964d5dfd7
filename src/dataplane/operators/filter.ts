import type { FilterLike } from '../../functions/basic.ts';
import type { OperatorFactory } from '../chain/operator.ts';
import { functionOperator } from './function-operator.ts';
import { callable, refusePromise } from './user-function.ts';

/** Keeps the records for which the function returns something true. */
export function filterOperator<T>(fn: FilterLike<T>): OperatorFactory {
  const filter = callable<(value: unknown) => unknown>(fn, 'filter', 'filter');
  const factory = functionOperator('filter', fn, ({ output, trace, node, emitted }) => (value, timestamp) => {
    trace.node = node;
    const keep = filter(value);
    if (keep === true) output(value, timestamp);
    else if (keep) {
      refusePromise(keep, 'filter');
      output(value, timestamp);
    } else emitted.skipped += 1;
  });
  return { ...factory, emits: 'one-each' };
}
