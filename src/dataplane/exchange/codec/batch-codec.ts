import type { RecordBatch } from '../channel.ts';

/** A run of records as bytes. */
export interface EncodedRun {
  /** Valid until the next call. */
  readonly payload: Uint8Array;
  /** Index after the last record in it. */
  readonly end: number;
}

/**
 * Turns runs of records into bytes and back. One codec object serves one channel end and may learn from what it saw;
 * every payload can be read from its bytes alone.
 */
export interface BatchCodec {
  /** Records encoded that were not of the type declared for them. */
  readonly mistyped?: number;
  /**
   * Records `from` (inclusive) to `to` (exclusive), or fewer, at least one, where the payload would become much longer
   * than `targetBytes`.
   * @throws RecordNotSerializableError
   */
  encode(batch: RecordBatch, from: number, to: number, targetBytes: number): EncodedRun;
  /** The records of a payload; they share no memory with it. */
  decode(payload: Uint8Array, count: number): RecordBatch;
}
