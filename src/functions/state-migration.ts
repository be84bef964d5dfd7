import { UserError } from '../base/errors.ts';

/**
 * Makes a value of today's schema from one that a savepoint holds: of a value, reducing or aggregating state the value or accumulator, of a
 * list each element, of a map each value.
 *
 * @param saved as it was written
 * @param version the schema version it was written with, from 1
 */
export type StateMigration = (saved: unknown, version: number) => unknown;

/** How a state's values have changed; see `StateDescriptor.enableMigration`. */
export interface StateSchema {
  /** Of the values as they are now, from 2 on: states that say nothing have version 1. */
  readonly version: number;
  readonly migrate: StateMigration;
  /** What becomes of values of an earlier version, in words, for people. */
  describe?(version: number): readonly string[];
}

/** One change to an object of state. */
export interface FieldChange {
  (saved: Readonly<Record<string, unknown>>): Record<string, unknown>;
  /** The change in words; one that is a plain function has none. */
  readonly words?: string;
}

function change(words: string, apply: FieldChange): FieldChange {
  return Object.assign(apply, { words });
}

/** Changes to the fields of objects in state, to be put together by `Migrations.of`. */
export const Migrations = {
  /** A field that is new gets `value` where it is missing. */
  add: (name: string, value: unknown): FieldChange =>
    change(`adds "${name}"`, (saved) => (name in saved ? { ...saved } : { ...saved, [name]: value })),

  remove: (name: string): FieldChange => change(`removes "${name}"`, ({ [name]: _gone, ...rest }) => rest),

  /** A field gets another name; it stays where it was in the order of fields. */
  rename: (from: string, to: string): FieldChange =>
    change(`renames "${from}" to "${to}"`, (saved) =>
      Object.fromEntries(Object.entries(saved).map(([name, value]) => [name === from ? to : name, value])),
    ),

  /**
   * The schema after these steps, each one version further than the one before: the first leads from version 1 to 2. A state that is older
   * takes all steps that it lacks.
   */
  of: (...steps: readonly (FieldChange | readonly FieldChange[])[]): StateSchema => ({
    version: steps.length + 1,
    describe: (version) =>
      steps
        .slice(version - 1)
        .flat()
        .map(({ words }) => words ?? 'changes it by a function'),
    migrate(saved, version) {
      let value = saved;
      for (const step of steps.slice(version - 1).flat()) {
        if (typeof value !== 'object' || value === null)
          throw new UserError(
            `a migration of fields met ${value === null ? 'null' : `a ${typeof value}`} where an object was expected: write a function`,
          );
        value = step(value as Record<string, unknown>);
      }
      return value;
    },
  }),
} as const;
