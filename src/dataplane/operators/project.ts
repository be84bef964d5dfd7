import type { OperatorFactory } from '../chain/operator.ts';
import { mapOperator } from './map.ts';

/** Keeps these fields of each record, in this order; missing ones become undefined. */
export function projectOperator(fields: readonly string[]): OperatorFactory {
  const project = (value: unknown): unknown => {
    const kept: Record<string, unknown> = {};
    for (let index = 0; index < fields.length; index += 1) {
      const name = fields[index] as string;
      kept[name] = (value as Readonly<Record<string, unknown>>)[name];
    }
    return kept;
  };
  return { ...mapOperator(project), kind: 'project' };
}
