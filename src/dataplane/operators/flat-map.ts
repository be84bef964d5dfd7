import { UserError } from '../../base/errors.ts';
import type { FlatMapLike } from '../../functions/basic.ts';
import type { OperatorFactory } from '../chain/operator.ts';
import { functionOperator } from './function-operator.ts';
import { OutputCollector } from './output-collector.ts';
import { callable, refusePromise } from './user-function.ts';

/** Any number of records out for each record in: returned as an iterable, emitted through the collector, or both. */
export function flatMapOperator<I, O>(fn: FlatMapLike<I, O>): OperatorFactory {
  const flatMap = callable<(value: unknown, out: OutputCollector) => unknown>(fn, 'flatMap', 'flatMap');
  const factory = functionOperator('flatMap', fn, (context) => {
    const { trace, node } = context;
    const collector = new OutputCollector(context);
    return (value, timestamp) => {
      trace.node = node;
      collector.timestamp = timestamp;
      const result = flatMap(value, collector);
      if (result !== undefined) emitAll(result, collector);
    };
  });
  return { ...factory, emits: 'counted' };
}

function emitAll(result: unknown, collector: OutputCollector): void {
  if (Array.isArray(result)) {
    for (let index = 0; index < result.length; index += 1) collector.collect(result[index]);
    return;
  }
  refusePromise(result, 'flatMap');
  const iterator = (result as { [Symbol.iterator]?: unknown } | null)?.[Symbol.iterator];
  if (typeof iterator !== 'function') {
    throw new UserError(
      'the function of flatMap must return an iterable or nothing; emit single values by out.collect(value)',
    );
  }
  for (const value of result as Iterable<unknown>) collector.collect(value);
}
