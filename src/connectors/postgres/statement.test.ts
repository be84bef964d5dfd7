import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { POSTGRES_PARAMETERS_MAX } from '../../base/limits.ts';
import { PostgresSink } from './postgres-sink.ts';
import { insertStatement, statementsFor } from './statement.ts';

describe('insertStatement', () => {
  it('when names are odd, then they are quoted, part by part', () => {
    expect(insertStatement('my schema.a"b', ['x', 'select'])).toEqual({
      kind: 'values',
      before: 'INSERT INTO "my schema"."a""b" ("x", "select") VALUES ',
      after: '',
      columns: 2,
    });
  });

  it.each([
    ['nothing', ['a', 'b'], ' ON CONFLICT ("a") DO NOTHING'],
    ['update', ['a', 'b', 'c'], ' ON CONFLICT ("a") DO UPDATE SET "b" = excluded."b", "c" = excluded."c"'],
    ['update', ['a'], ' ON CONFLICT ("a") DO NOTHING'],
  ] as const)('when a key is there, then %s of %j', (act, columns, after) => {
    expect(insertStatement('t', columns, { columns: ['a'], do: act })).toMatchObject({ after });
  });

  it('when names are none, then they are refused', () => {
    expect(() => insertStatement('t', [])).toThrow('at least one column');
    expect(() => insertStatement('t', ['a', 'a'])).toThrow('named twice');
    expect(() => insertStatement('t.', ['a'])).toThrow('is no name');
    expect(() => insertStatement('t', ['a'], { columns: [], do: 'nothing' })).toThrow('unique constraint');
    const connection = { url: 'postgres://127.0.0.1' };
    expect(() => PostgresSink.forStatement({ connection, statement: ' ', parameters: () => [] })).toThrow(
      'needs a statement',
    );
  });
});

describe('statementsFor', () => {
  it('when rows are cut into statements, then every value has its place, and no statement has too many', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 700 }),
        fc.nat(300),
        fc.integer({ min: 1, max: 200 }),
        (columns, count, perStatement) => {
          const rows = Array.from({ length: count }, (_, row) =>
            Array.from({ length: columns }, (_value, column) => `${row}/${column}`),
          );
          const names = Array.from({ length: columns }, (_, column) => `c${column}`);
          const statements = statementsFor(insertStatement('t', names), rows, perStatement);
          expect(statements.flatMap(({ parameters }) => parameters)).toEqual(rows.flat());
          for (const { text, parameters } of statements) {
            expect(parameters.length).toBeLessThanOrEqual(
              Math.min(perStatement * columns, POSTGRES_PARAMETERS_MAX),
            );
            const places = text.match(/\$\d+/g) ?? [];
            expect(places).toEqual(parameters.map((_, index) => `$${index + 1}`));
            expect(text.split('), (')).toHaveLength(parameters.length / columns);
          }
        },
      ),
      { numRuns: 30 },
    );
  });
});
