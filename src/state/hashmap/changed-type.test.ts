import { describe, expect, it } from 'vitest';
import { Types } from '../../api/types.ts';
import type { TypeInformation } from '../../functions/types/index.ts';
import { typeMisfit } from './changed-type.ts';

const PAYMENT = { account: Types.STRING, amount: Types.LONG };

function between(saved: TypeInformation<unknown>, now: TypeInformation<unknown>): string | undefined {
  return typeMisfit(saved.toJson(), now.toJson());
}

describe('a declared type and what a snapshot holds', () => {
  it.each([
    ['the same', Types.record(PAYMENT), Types.record(PAYMENT)],
    ['wider numbers', Types.record(PAYMENT), Types.record({ ...PAYMENT, amount: Types.DOUBLE })],
    [
      'a new field that may be missing',
      Types.record(PAYMENT),
      Types.record({ ...PAYMENT, note: Types.optional(Types.STRING) }),
    ],
    [
      'fields in another order',
      Types.record(PAYMENT),
      Types.record({ amount: Types.LONG, account: Types.STRING }),
    ],
    ['null allowed now', Types.STRING, Types.nullable(Types.STRING)],
    ['anything', Types.record(PAYMENT), Types.generic()],
    ['items that fit', Types.array(Types.INT), Types.array(Types.LONG)],
  ] as const)('when it is %s, then it fits', (_, saved, now) => {
    expect(between(saved, now)).toBeUndefined();
  });

  it.each([
    [
      Types.record(PAYMENT),
      Types.record({ account: Types.STRING }),
      /field "amount" of its values is gone \(Migrations.remove/,
    ],
    [
      Types.record({ account: Types.STRING }),
      Types.record(PAYMENT),
      /field "amount" of its values is new \(Migrations.add/,
    ],
    [
      Types.record(PAYMENT),
      Types.record({ ...PAYMENT, amount: Types.STRING }),
      /field "amount" of its values were saved as long and are declared as string/,
    ],
    [Types.DOUBLE, Types.INT, /its values were saved as double and are declared as int/],
    [Types.nullable(Types.STRING), Types.STRING, /may have been null, and may not be now/],
    [Types.array(Types.STRING), Types.array(Types.LONG), /items of its values were saved as string/],
    [
      Types.map(Types.STRING, Types.LONG),
      Types.map(Types.STRING, Types.STRING),
      /values of its values were saved as long/,
    ],
    [Types.tuple(Types.STRING), Types.tuple(Types.STRING, Types.LONG), /had 1 items and have 2 now/],
    [Types.STRING, Types.array(Types.STRING), /were saved as string and are declared as array/],
  ] as const)('when %# differs, then it is said what and where', (saved, now, reason) => {
    expect(between(saved, now)).toMatch(reason);
  });
});
