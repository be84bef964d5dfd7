/** Typed arrays that types know; a subclass, such as Buffer, is none of them. */
export const BYTES_CLASSES = {
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
} as const;
export type BytesClass = keyof typeof BYTES_CLASSES;
