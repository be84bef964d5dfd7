import { Packr } from 'msgpackr';

/** Decodes one message. Throws when the bytes are not what it expects: the source's policy decides what follows. */
export interface DeserializationSchema<T> {
  deserialize(bytes: Uint8Array): T;
}

/** Encodes one record as a message. */
export interface SerializationSchema<T> {
  serialize(value: T): Uint8Array;
}

/** Both ways. */
export interface Schema<T> extends DeserializationSchema<T>, SerializationSchema<T> {}

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true });

/** JSON in UTF-8. A key `__proto__` becomes an ordinary property. */
export function jsonSchema<T>(): Schema<T> {
  return {
    deserialize: (bytes) => JSON.parse(decoder.decode(bytes)) as T,
    serialize: (value) => {
      const text = JSON.stringify(value) as string | undefined;
      if (text === undefined) throw new TypeError(`JSON cannot hold ${typeof value}`);
      return encoder.encode(text);
    },
  };
}

/** MessagePack, readable by any implementation. A key `__proto__` is read as `__proto_`. */
export function msgpackSchema<T>(): Schema<T> {
  const packr = new Packr({ useRecords: false, variableMapSize: true, copyBuffers: true });
  return {
    deserialize: (bytes) => packr.unpack(bytes) as T,
    // The packer's memory is used again: what is sent must be its own.
    serialize: (value) => Uint8Array.from(packr.pack(value)),
  };
}

/** Text in UTF-8. */
export function textSchema(): Schema<string> {
  return { deserialize: (bytes) => decoder.decode(bytes), serialize: (value) => encoder.encode(value) };
}

/** Bytes as they are; received ones are copied out of the connection's memory. */
export function bytesSchema(): Schema<Uint8Array> {
  return { deserialize: (bytes) => Uint8Array.from(bytes), serialize: (value) => value };
}
