/** A value of state as JSON can hold it: what JSON has no word for becomes an object with one key that begins with `$`. */
export function jsonValue(value: unknown): unknown {
  switch (typeof value) {
    case 'bigint':
      return { $bigint: String(value) };
    case 'undefined':
      return { $undefined: true };
    case 'number':
      return Number.isFinite(value) ? value : { $number: String(value) };
    case 'object':
      return value === null ? null : jsonObject(value);
    case 'boolean':
    case 'string':
      return value;
    case 'function':
    case 'symbol':
      return { $undefined: true };
  }
}

function jsonObject(value: object): unknown {
  if (Array.isArray(value)) return value.map(jsonValue);
  if (value instanceof Map) return { $map: [...value].map((entry) => entry.map(jsonValue)) };
  if (value instanceof Set) return { $set: [...value].map(jsonValue) };
  if (value instanceof Date) return { $date: value.toJSON() };
  if (ArrayBuffer.isView(value)) {
    const { buffer, byteOffset, byteLength } = value;
    return { $bytes: Buffer.from(buffer, byteOffset, byteLength).toString('base64') };
  }
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, jsonValue(one)]));
}
