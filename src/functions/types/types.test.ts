import fc from 'fast-check';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { UserError } from '../../base/errors.ts';
import { typed } from '../../dataplane/test-support/type-arbitraries.ts';
import { descriptorFromJson, DECLARED_TYPES as Types, TypeInformation } from './index.ts';
import type { TypeOf } from './index.ts';

const ORDER = Types.record({
  id: Types.LONG,
  tags: Types.set(Types.STRING),
  note: Types.optional(Types.STRING),
  parent: Types.nullable(Types.record({ at: Types.DATE })),
  sizes: Types.map(Types.STRING, Types.array(Types.BIGINT)),
  place: Types.tuple(Types.DOUBLE, Types.BYTES),
});

describe('Types', () => {
  it('when a type is declared, then TypeScript knows its values', () => {
    expectTypeOf<TypeOf<typeof ORDER>>().toEqualTypeOf<{
      readonly id: number;
      readonly tags: Set<string>;
      readonly note?: string | undefined;
      readonly parent: { readonly at: Date } | null;
      readonly sizes: Map<string, bigint[]>;
      readonly place: [number, Uint8Array<ArrayBuffer>];
    }>();
    expectTypeOf(Types.record({ a: Types.LONG })).not.toExtend<TypeInformation<{ a: number; b: number }>>();
    expect(ORDER.descriptor.kind).toBe('record');
  });

  it('when a type goes through its JSON form, then it is the same type, with the same fingerprint', () => {
    fc.assert(
      fc.property(typed, ({ type }) => {
        const again = new TypeInformation(descriptorFromJson(type.toJson()));
        expect(again.descriptor).toEqual(type.descriptor);
        expect([again.toJson(), again.fingerprint]).toEqual([type.toJson(), type.fingerprint]);
      }),
    );
  });

  it('when types differ, then their fingerprints do', () => {
    const types = [
      Types.LONG,
      Types.INT,
      Types.record({ a: Types.LONG }),
      Types.record({ a: Types.optional(Types.LONG) }),
      Types.record({ b: Types.LONG }),
      Types.array(Types.LONG),
      Types.set(Types.LONG),
      Types.BYTES,
      Types.typedArray('Int8Array'),
    ];
    expect(new Set(types.map((type) => type.fingerprint)).size).toBe(types.length);
    expect(Types.FLOAT.fingerprint).toBe(Types.DOUBLE.fingerprint);
  });

  it.each([
    ['no JSON', '{', /not JSON/],
    ['another version', '{"version":2,"type":{"kind":"long"}}', /version 2, known is 1/],
    ['an unknown kind', '{"version":1,"type":{"kind":"complex"}}', /no type is of kind complex/],
    ['a part that is missing', '{"version":1,"type":{"kind":"tuple"}}', /lacks its items/],
    [
      'a field twice',
      '{"version":1,"type":{"kind":"record","fields":[{"name":"a","type":{"kind":"long"}},{"name":"a","type":{"kind":"long"}}]}}',
      /"a"/,
    ],
    [
      'a dangerous name',
      '{"version":1,"type":{"kind":"record","fields":[{"name":"__proto__","type":{"kind":"long"}}]}}',
      /__proto__/,
    ],
  ])('when the JSON form has %s, then it is refused', (_what, json, message) => {
    expect(() => descriptorFromJson(json)).toThrow(UserError);
    expect(() => descriptorFromJson(json)).toThrow(message);
  });

  it('when a declaration is wrong, then the place is named', () => {
    const avro = new TypeInformation({ kind: 'external', format: 'avro', schema: '"long"' });
    expect(() => Types.record({ event: avro })).toThrow(/field "event" cannot be of avro/);
    expect(() => Types.array(undefined as never)).toThrow(/an item of an array needs a type/);
    expect(() => Types.typedArray('Buffer' as never)).toThrow(/no typed array is called Buffer/);
  });
});
