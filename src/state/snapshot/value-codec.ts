import { deserialize, serialize } from 'node:v8';
import { Packr, Unpackr } from 'msgpackr';
import { UserError } from '../../base/errors.ts';
import { isPlain } from '../../base/plain-value.ts';

/** Shapes of objects that one file's values share; further ones are written out with each value. */
const SHARED_SHAPES = 64;

/**
 * Values of state as bytes: MessagePack, where the shapes of objects are kept aside and written once per file; what MessagePack
 * would change goes through V8's serializer. A pair is `[key, value]`, or `[key, bytes, 1]` for V8's.
 */
export class PairEncoder {
  /** To be handed to the decoder; grows while values are encoded. */
  readonly shapes: unknown[] = [];
  readonly #packr = new Packr({
    useRecords: true,
    moreTypes: true,
    useBigIntExtension: true,
    structures: this.shapes as [],
    maxSharedStructures: SHARED_SHAPES,
  });

  /** @returns bytes that belong to the caller. @throws UserError for what cannot be state. */
  encode(key: unknown, value: unknown): Uint8Array {
    if (isPlain(value)) return this.#packr.pack([key, value]);
    let bytes: Uint8Array;
    try {
      bytes = serialize(value);
    } catch (cause) {
      throw new UserError(
        `a value of state cannot be written to a snapshot: ${cause instanceof Error ? cause.message : String(cause)}; ` +
          'state holds data only, no functions, symbols, promises or handles',
        { cause },
      );
    }
    return this.#packr.pack([key, bytes, 1]);
  }
}

/** A pair out of a snapshot. */
export interface DecodedPair {
  readonly key: unknown;
  readonly value: unknown;
}

export class PairDecoder {
  readonly #unpackr: Unpackr;

  /** @param shapes of the file's encoder */
  constructor(shapes: readonly unknown[]) {
    this.#unpackr = new Unpackr({
      useRecords: true,
      moreTypes: true,
      useBigIntExtension: true,
      copyBuffers: true,
      structures: [...shapes] as [],
      maxSharedStructures: SHARED_SHAPES,
    });
  }

  /** All pairs of a chunk, in order. */
  decode(chunk: Uint8Array, take: (key: unknown, value: unknown) => void): void {
    // All before the first is taken: who takes them may unpack too, which the library cannot do in between.
    const pairs = this.#unpackr.unpackMultiple(chunk) as [unknown, unknown, 1?][];
    for (const [key, value, v8] of pairs) take(key, v8 === 1 ? deserialize(value as Uint8Array) : value);
  }
}
