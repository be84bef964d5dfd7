import type { MapLike } from '../../functions/basic.ts';
import type { OperatorFactory } from '../chain/operator.ts';
import { functionOperator } from './function-operator.ts';
import { asyncRefused, callable } from './user-function.ts';

/** One record out for each record in. */
export function mapOperator<I, O>(fn: MapLike<I, O>): OperatorFactory {
  const map = callable<(value: unknown) => unknown>(fn, 'map', 'map');
  const factory = functionOperator('map', fn, ({ output, trace, node }) => (value, timestamp) => {
    trace.node = node;
    const result = map(value);
    if (result instanceof Promise) throw asyncRefused('map');
    output(result, timestamp);
  });
  return { ...factory, emits: 'one-each' };
}
