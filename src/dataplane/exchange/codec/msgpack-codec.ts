import { Packr, Unpackr } from 'msgpackr';
import { deserialize, serialize } from 'node:v8';
import { NO_TIMESTAMP } from '../../../base/time.ts';
import type { BatchCodec, EncodedRun } from './batch-codec.ts';
import type { RecordBatch } from '../channel.ts';
import { ChannelCorruptError, RecordNotSerializableError } from '../errors.ts';
import { isPlain } from '../../../base/plain-value.ts';

/** First byte of a payload: how the values are encoded, and whether timestamps precede them. */
const MSGPACK = 0;
const V8 = 1;
const WITH_TIMESTAMPS = 2;

/**
 * Records as MessagePack with the shape of objects written once per batch. What MessagePack would change (-0, keys named
 * `__proto__`, typed arrays, cycles) goes through V8's serializer, batch by batch, and arrives as it was. Objects of user
 * classes arrive as plain objects with the same fields.
 */
export class MsgpackBatchCodec implements BatchCodec {
  readonly #packr = new Packr({
    useRecords: true,
    moreTypes: true,
    useBigIntExtension: true,
    maxSharedStructures: 0,
  });
  readonly #unpackr = new Unpackr({
    useRecords: true,
    moreTypes: true,
    useBigIntExtension: true,
    copyBuffers: true,
  });
  #scratch = new Uint8Array(64 * 1024);

  encode(batch: RecordBatch, from: number, to: number): EncodedRun {
    const values = from === 0 && to === batch.values.length ? batch.values : batch.values.slice(from, to);
    const plain = isPlain(values);
    const body = plain ? this.#packr.pack(values) : serializeWithV8(values);
    const timed = hasTimestamps(batch.timestamps, from, to);
    const timeBytes = timed ? (to - from) * 8 : 0;
    const size = 8 + timeBytes + body.byteLength;
    if (this.#scratch.byteLength < size) this.#scratch = new Uint8Array(size * 2);
    const target = this.#scratch;
    target.fill(0, 0, 8);
    target[0] = (plain ? MSGPACK : V8) | (timed ? WITH_TIMESTAMPS : 0);
    if (timed) {
      const times = new Float64Array(target.buffer, 8, to - from);
      for (let index = from; index < to; index += 1) times[index - from] = batch.timestamps[index] as number;
    }
    target.set(body, 8 + timeBytes);
    return { payload: target.subarray(0, size), end: to };
  }

  decode(payload: Uint8Array, count: number): RecordBatch {
    const mode = payload[0] ?? 0;
    const timeBytes = (mode & WITH_TIMESTAMPS) === 0 ? 0 : count * 8;
    if (payload.byteLength < 8 + timeBytes)
      throw new ChannelCorruptError('', 'the payload is shorter than its timestamps');
    const timestamps: number[] = [];
    if (timeBytes > 0) {
      // A copy, since the payload need not be aligned (and slice() of a Buffer is none).
      const times = new Float64Array(new Uint8Array(payload.subarray(8, 8 + timeBytes)).buffer);
      for (let index = 0; index < count; index += 1) timestamps.push(times[index] as number);
    } else for (let index = 0; index < count; index += 1) timestamps.push(NO_TIMESTAMP);
    // A copy: V8 makes typed arrays that are views of what it reads, and shared memory does for neither.
    const body = new Uint8Array(payload.subarray(8 + timeBytes));
    const values = ((mode & V8) === 0 ? this.#unpackr.unpack(body) : deserialize(body)) as unknown[];
    if (values.length !== count)
      throw new ChannelCorruptError('', `${values.length} records where the header says ${count}`);
    return { kind: 'records', values, timestamps };
  }
}

/** Whether any record has a time. */
export function hasTimestamps(timestamps: readonly number[], from: number, to: number): boolean {
  for (let index = from; index < to; index += 1) if (timestamps[index] !== NO_TIMESTAMP) return true;
  return false;
}

function serializeWithV8(values: readonly unknown[]): Uint8Array {
  try {
    return serialize(values);
  } catch (cause) {
    throw new RecordNotSerializableError(
      `a record cannot be sent to another subtask: ${cause instanceof Error ? cause.message : String(cause)}; ` +
        'records hold data only, no functions, symbols, promises or handles',
      { cause },
    );
  }
}
