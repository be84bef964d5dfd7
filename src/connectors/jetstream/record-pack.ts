/** Header of a message that holds several records: how many. Each has four bytes of length (little endian) before it. */
export const RECORDS_HEADER = 'Millrace-Records';

const LENGTH_BYTES = 4;

/** Takes a message: `records` is 0 where the payload is one record as it is. */
export type MessageTaker = (subject: string, payload: Uint8Array, records: number) => void;

/** Joins records that follow each other to the same subject into messages of up to `maxBytes`. */
export class RecordPacker {
  readonly #maxBytes: number;
  readonly #take: MessageTaker;
  #subject = '';
  #buffer: Buffer | undefined;
  #length = 0;
  #records = 0;

  constructor(maxBytes: number, take: MessageTaker) {
    this.#maxBytes = maxBytes;
    this.#take = take;
  }

  /** Bytes that wait for their message to be full. */
  get waitingBytes(): number {
    return this.#length;
  }

  add(subject: string, record: Uint8Array): void {
    const size = LENGTH_BYTES + record.length;
    if (this.#records > 0 && (subject !== this.#subject || this.#length + size > this.#maxBytes))
      this.flush();
    // The message keeps the buffer: a new one costs less than a copy.
    this.#buffer ??= Buffer.allocUnsafeSlow(Math.max(size, this.#maxBytes));
    this.#subject = subject;
    this.#buffer.writeUInt32LE(record.length, this.#length);
    this.#buffer.set(record, this.#length + LENGTH_BYTES);
    this.#length += size;
    this.#records += 1;
  }

  /** Hands on what waits. */
  flush(): void {
    const buffer = this.#buffer;
    if (buffer === undefined) return;
    const payload = buffer.subarray(0, this.#length);
    const records = this.#records;
    this.#buffer = undefined;
    this.#length = 0;
    this.#records = 0;
    this.#take(this.#subject, payload, records);
  }
}

/** The records of a message. @throws Error when it is no message of records */
export function unpackRecords(payload: Uint8Array): readonly Uint8Array[] {
  const records: Uint8Array[] = [];
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  let at = 0;
  while (at < payload.length) {
    const start = at + LENGTH_BYTES;
    const end = start <= payload.length ? start + view.getUint32(at, true) : Infinity;
    if (end > payload.length)
      throw new Error(`it says that it holds packed records, and is cut off after ${records.length} of them`);
    records.push(payload.subarray(start, end));
    at = end;
  }
  return records;
}
