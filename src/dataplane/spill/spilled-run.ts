import {
  SPILL_BLOCK_BYTES,
  SPILL_BLOCK_RECORDS,
  SPILL_READ_BYTES,
  SPILL_WRITE_BYTES,
} from '../../base/limits.ts';
import { InternalError } from '../../base/errors.ts';
import type { Key, KeySelector } from '../../functions/basic.ts';
import type { SpillFile } from '../../ports/spill-files.ts';
import { keyIdentity } from '../../state/index.ts';
import { LearnedCodec } from '../exchange/codec/learned-codec.ts';
import type { KeyedRecords } from './key-group-table.ts';

/** Makes the key of a record of an input anew: keys are not written. */
export type KeyOf = (value: unknown, input: number) => Key;

/** One selector per input; inputs without keys have no records here. */
export function keyOfInputs(selectors: readonly (KeySelector<unknown> | undefined)[]): KeyOf {
  return (value, input) => (selectors[input] as KeySelector<unknown>)(value);
}

/** Block: u32 bytes of the payload, u32 records, the input of each as u8, the payload. */
const HEADER_BYTES = 8;

/** Writes records in blocks; the file is complete when `finish` has resolved. */
export class RunWriter {
  readonly #file: SpillFile;
  readonly #codec = new LearnedCodec();
  #values: unknown[] = [];
  #timestamps: number[] = [];
  #inputs: number[] = [];
  #blocks: Uint8Array[] = [];
  #bytes = 0;

  constructor(file: SpillFile) {
    this.#file = file;
  }

  /** Takes the records; resolves when there is room for more. Undefined: at once. */
  write(records: KeyedRecords): Promise<void> | undefined {
    const { values, timestamps, inputs } = records;
    for (let index = 0; index < values.length; index += 1) {
      this.#values.push(values[index]);
      this.#timestamps.push(timestamps[index] as number);
      this.#inputs.push(inputs[index] as number);
      if (this.#values.length >= SPILL_BLOCK_RECORDS) this.#encode();
    }
    return this.#bytes >= SPILL_WRITE_BYTES ? this.#flush() : undefined;
  }

  async finish(): Promise<void> {
    this.#encode();
    await this.#flush();
  }

  #encode(): void {
    const batch = { kind: 'records', values: this.#values, timestamps: this.#timestamps } as const;
    const count = this.#values.length;
    for (let from = 0; from < count;) {
      const { payload, end } = this.#codec.encode(batch, from, count, SPILL_BLOCK_BYTES);
      const records = end - from;
      const block = new Uint8Array(HEADER_BYTES + records + payload.byteLength);
      const header = new DataView(block.buffer);
      header.setUint32(0, payload.byteLength, true);
      header.setUint32(4, records, true);
      block.set(this.#inputs.slice(from, end), HEADER_BYTES);
      block.set(payload, HEADER_BYTES + records);
      this.#blocks.push(block);
      this.#bytes += block.byteLength;
      from = end;
    }
    this.#values = [];
    this.#timestamps = [];
    this.#inputs = [];
  }

  async #flush(): Promise<void> {
    const blocks = this.#blocks;
    this.#blocks = [];
    this.#bytes = 0;
    if (blocks.length > 0) await this.#file.append(Buffer.concat(blocks));
  }
}

/** Reads a run from its start to its end, a block ahead of what is asked for. */
export class RunReader {
  readonly #file: SpillFile;
  readonly #keyOf: KeyOf;
  readonly #codec = new LearnedCodec();
  #position = 0;
  #unread: Uint8Array = new Uint8Array(0);

  constructor(file: SpillFile, keyOf: KeyOf) {
    this.#file = file;
    this.#keyOf = keyOf;
  }

  /** The records of the next block, by key; undefined at the end. */
  async next(): Promise<KeyedRecords[] | undefined> {
    const header = await this.#bytes(HEADER_BYTES);
    if (header === undefined) return undefined;
    const view = new DataView(header.buffer, header.byteOffset, HEADER_BYTES);
    const [payloadBytes, count] = [view.getUint32(0, true), view.getUint32(4, true)];
    const inputs = await this.#bytes(count);
    const payload = await this.#bytes(payloadBytes);
    if (inputs === undefined || payload === undefined)
      throw new InternalError(
        'a temporary file of sorted records ends within a block: it was cut by something else',
      );
    const { values, timestamps } = this.#codec.decode(payload, count);
    return this.#byKey(values, timestamps, inputs);
  }

  #byKey(values: readonly unknown[], timestamps: readonly number[], inputs: Uint8Array): KeyedRecords[] {
    const groups: (KeyedRecords & { values: unknown[]; timestamps: number[]; inputs: number[] })[] = [];
    for (let index = 0; index < values.length; index += 1) {
      const value = values[index];
      const timestamp = timestamps[index] as number;
      const input = inputs[index] as number;
      const key = this.#keyOf(value, input);
      const identity = keyIdentity(key);
      const last = groups.at(-1);
      if (last?.identity === identity) {
        last.values.push(value);
        last.timestamps.push(timestamp);
        last.inputs.push(input);
      } else groups.push({ key, identity, values: [value], timestamps: [timestamp], inputs: [input] });
    }
    return groups;
  }

  /** Undefined at the end of the file. */
  async #bytes(length: number): Promise<Uint8Array | undefined> {
    while (this.#unread.byteLength < length) {
      const wanted = Math.max(SPILL_READ_BYTES, length - this.#unread.byteLength);
      const more = await this.#file.read(this.#position, wanted);
      if (more.byteLength === 0) return undefined;
      this.#position += more.byteLength;
      this.#unread = this.#unread.byteLength === 0 ? more : Buffer.concat([this.#unread, more]);
    }
    const taken = this.#unread.subarray(0, length);
    this.#unread = this.#unread.subarray(length);
    return taken;
  }
}
