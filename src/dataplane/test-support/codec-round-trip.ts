import { isDeepStrictEqual } from 'node:util';
import { NO_TIMESTAMP } from '../../base/time.ts';
import type { EdgeRecords } from '../../graph/chain-plan.ts';
import type { RecordBatch } from '../exchange/channel.ts';
import { LearnedCodec } from '../exchange/codec/learned-codec.ts';

/** Records through two codecs of an edge, at an odd address, in memory that is gone afterwards. */
export interface RoundTrip {
  readonly values: readonly unknown[];
  readonly mistyped: number;
  /** Parts of the first payload; 1 when all records went the same way. */
  readonly parts: number;
  /** The first payload as text, to look for what it should not hold. */
  readonly text: string;
  readonly bytes: number;
}

export function edgeRoundTrip(
  records: Partial<EdgeRecords>,
  values: readonly unknown[],
  target = Number.POSITIVE_INFINITY,
): RoundTrip {
  const known = { operator: 'test', genericTypes: true, ...records };
  const [encoder, decoder] = [new LearnedCodec(known), new LearnedCodec(known)];
  const batch: RecordBatch = {
    kind: 'records',
    values: [...values],
    timestamps: values.map(() => NO_TIMESTAMP),
  };
  const decoded: unknown[] = [];
  let [parts, text, bytes] = [0, '', 0];
  for (let from = 0; from < values.length;) {
    const { payload, end } = encoder.encode(batch, from, values.length, target);
    if (end <= from) throw new Error('no record was encoded');
    const memory = Buffer.alloc(payload.byteLength + 3);
    memory.set(payload, 3);
    if (from === 0) {
      parts = memory.readUInt32LE(3 + 4);
      text = memory.toString('latin1');
    }
    bytes += payload.byteLength;
    decoded.push(...decoder.decode(memory.subarray(3), end - from).values);
    memory.fill(0xff);
    from = end;
  }
  return { values: decoded, mistyped: encoder.mistyped, parts, text, bytes };
}

/** Tells -0 from 0, missing from undefined, compares prototypes and the order of fields. */
export function sameRecords(got: readonly unknown[], expected: readonly unknown[]): boolean {
  return isDeepStrictEqual(got, expected) && isDeepStrictEqual(fieldOrder(got), fieldOrder(expected));
}

function fieldOrder(value: unknown): unknown {
  if (value instanceof Map || value instanceof Set) return [...value].map(fieldOrder);
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return undefined;
  return Object.entries(value).map(([name, inner]) => [name, fieldOrder(inner)]);
}
