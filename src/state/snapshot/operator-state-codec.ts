import { Packr, Unpackr } from 'msgpackr';
import type { Distribution, OperatorStateSnapshot } from '../operator/redistribute.ts';
import { SnapshotCorruptError } from './errors.ts';
import { PairDecoder, PairEncoder } from './value-codec.ts';

const packr = new Packr({ useRecords: false });
const unpackr = new Unpackr({ useRecords: false, copyBuffers: true });

/** Operator state as bytes, made at once: elements may be changed by their owners afterwards. */
export function encodeOperatorState(states: OperatorStateSnapshot): Uint8Array {
  const encoder = new PairEncoder();
  const parts: Uint8Array[] = [];
  for (const { name, distribution, elements } of states)
    for (const element of elements) parts.push(new Uint8Array(encoder.encode([name, distribution], element)));
  const names = states.map(({ name, distribution }) => [name, distribution]);
  const shapes = encoder.shapes.map((shape) => [...(shape as string[])]);
  return new Uint8Array(packr.pack([names, shapes, Buffer.concat(parts)]));
}

/** @throws SnapshotCorruptError for what was not encoded here */
export function decodeOperatorState(bytes: Uint8Array): OperatorStateSnapshot {
  try {
    const [names, shapes, body] = unpackr.unpack(bytes) as [[string, Distribution][], unknown[], Uint8Array];
    const states = new Map(
      names.map(([name, distribution]) => [name, { name, distribution, elements: [] as unknown[] }]),
    );
    if (body.byteLength > 0)
      new PairDecoder(shapes).decode(body, (key, element) =>
        states.get((key as [string, Distribution])[0])?.elements.push(element),
      );
    return [...states.values()];
  } catch (cause) {
    throw new SnapshotCorruptError('operator state', cause instanceof Error ? cause.message : String(cause), {
      cause,
    });
  }
}
