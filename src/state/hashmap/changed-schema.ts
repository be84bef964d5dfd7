import type { StateSchema } from '../../functions/state-migration.ts';
import type { KeyIdentity } from '../key-encoding.ts';
import { StateIncompatibleError } from '../snapshot/errors.ts';
import type { StateInfo } from '../snapshot/format.ts';
import { typeMisfit } from './changed-type.ts';
import type { Stamped } from './ttl-clock.ts';

/** Schema version of states that name none. */
const FIRST_VERSION = 1;

/**
 * How values that a snapshot holds become those that are worked with now; undefined where they are as they must be.
 *
 * @param at time of the last update of values that had none, where the state has a time to live now
 * @throws StateIncompatibleError when the snapshot is of a later schema, or of an earlier one that nothing leads on from, or its values are
 * not of the declared type
 */
export function schemaChange(
  saved: StateInfo,
  now: StateInfo,
  schema: StateSchema | undefined,
  at: number,
): ((value: unknown) => unknown) | undefined {
  const [from, to] = [saved.version ?? FIRST_VERSION, now.version ?? FIRST_VERSION];
  if (from > to)
    throw new StateIncompatibleError(
      `state "${now.name}" was saved with schema version ${from}, and the job has version ${to}: ` +
        'run the version of the job that wrote it, or enableMigration() up to its schema',
    );
  const found =
    from === to && saved.type !== undefined && now.type !== undefined
      ? typeMisfit(saved.type, now.type)
      : undefined;
  if (found !== undefined)
    throw new StateIncompatibleError(
      `state "${now.name}" of the snapshot is not of its declared type: ${found}; say how saved values become those of today with ` +
        'enableMigration(), or declare the type that they have',
    );
  if (from === to && saved.ttl === now.ttl) return undefined;
  const one = (value: unknown): unknown => {
    const { value: bare, at: updatedAt } = saved.ttl ? (value as Stamped<unknown>) : { value, at };
    const migrated = from === to || schema === undefined ? bare : schema.migrate(bare, from);
    return now.ttl ? { value: migrated, at: updatedAt } : migrated;
  };
  return (value) => convert(value, saved.kind, one);
}

/** Of a value the value itself, of a list each element, of a map each value. */
function convert(value: unknown, kind: string, one: (value: unknown) => unknown): unknown {
  if (kind === 'list') return (value as unknown[]).map(one);
  if (kind === 'map')
    return new Map([...(value as Map<KeyIdentity, unknown>)].map(([key, element]) => [key, one(element)]));
  return one(value);
}
