import type { RecordBatch } from './channel.ts';

/**
 * Turns runs of records into bytes and back. One codec object serves one channel end and may learn from what it saw;
 * what one end learns, the other must be able to read from the bytes alone.
 */
export interface BatchCodec {
  /**
   * Records `from` (inclusive) to `to` (exclusive) as bytes, valid until the next call.
   * @throws RecordNotSerializableError
   */
  encode(batch: RecordBatch, from: number, to: number): Uint8Array;
  /** The records of a payload; they share no memory with it. */
  decode(payload: Uint8Array, count: number): RecordBatch;
}
