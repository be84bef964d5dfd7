import { Packr, Unpackr } from 'msgpackr';
import { SnapshotCorruptError } from '../../state/snapshot/errors.ts';
import { PairDecoder, PairEncoder } from '../../state/snapshot/value-codec.ts';
import type { InFlightBatch } from '../exchange/barrier-alignment.ts';

/** A record that an unaligned checkpoint found on its way. */
export interface InFlightRecord {
  readonly input: number;
  readonly edgeId: string;
  readonly value: unknown;
  readonly timestamp: number;
}

const packr = new Packr({ useRecords: false });
const unpackr = new Unpackr({ useRecords: false, copyBuffers: true });

/** Records on their way as bytes, in their order per channel. */
export function encodeInFlight(batches: readonly InFlightBatch[]): Uint8Array {
  const encoder = new PairEncoder();
  const parts: Uint8Array[] = [];
  for (const { input, edgeId, batch } of batches)
    for (const [index, value] of batch.values.entries())
      parts.push(new Uint8Array(encoder.encode([input, edgeId, batch.timestamps[index]], value)));
  const shapes = encoder.shapes.map((shape) => [...(shape as string[])]);
  return new Uint8Array(packr.pack([shapes, Buffer.concat(parts)]));
}

/** @throws SnapshotCorruptError for what was not encoded here */
export function decodeInFlight(path: string, bytes: Uint8Array): InFlightRecord[] {
  const records: InFlightRecord[] = [];
  try {
    const [shapes, body] = unpackr.unpack(bytes) as [unknown[], Uint8Array];
    new PairDecoder(shapes).decode(body, (key, value) => {
      const [input, edgeId, timestamp] = key as [number, string, number];
      records.push({ input, edgeId, value, timestamp });
    });
  } catch (cause) {
    throw new SnapshotCorruptError(path, cause instanceof Error ? cause.message : String(cause), { cause });
  }
  return records;
}
