import type { MsgpackBatchCodec } from './msgpack-codec.ts';
import type { PayloadReader } from './payload-reader.ts';
import type { PayloadWriter } from './payload-writer.ts';

const NO_TIMES: number[] = [];

/** Values of any kind. @throws RecordNotSerializableError */
export function writeValues(writer: PayloadWriter, fallback: MsgpackBatchCodec, values: unknown[]): void {
  const { payload } = fallback.encode({ kind: 'records', values, timestamps: NO_TIMES }, 0, values.length);
  writer.header(values.length, payload.byteLength);
  writer.raw(payload);
}

export function readValues(reader: PayloadReader, fallback: MsgpackBatchCodec): unknown[] {
  const count = reader.header();
  return fallback.decode(reader.raw(reader.second), count).values;
}
