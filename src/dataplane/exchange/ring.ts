/**
 * A single-producer single-consumer ring of messages in shared memory. Layout: a control block of Int32 (positions on
 * cache lines of their own, so that the two sides do not contend), then `capacity` bytes of messages. A message is its
 * length as u32, 4 unused bytes, its bytes, and padding to 8, so that what it holds is aligned. Positions count bytes modulo
 * 2^32; capacity is a power of two.
 */
const HEAD = 0;
const TAIL = 16;
const WAITING = 32;
const CONTROL_BYTES = 192;
const MIN_CAPACITY = 4096;
const LENGTH_BYTES = 8;

/** Shared memory of a ring that holds at least `bytes` bytes of messages. */
export function createRing(bytes: number): SharedArrayBuffer {
  let capacity = MIN_CAPACITY;
  while (capacity < bytes) capacity *= 2;
  return new SharedArrayBuffer(CONTROL_BYTES + capacity);
}

/** Bytes a message of `length` bytes takes in a ring. */
function footprint(length: number): number {
  return (LENGTH_BYTES + length + 7) & ~7;
}

export class RingWriter {
  readonly #control: Int32Array;
  readonly #lengths: Uint32Array;
  readonly #data: Uint8Array;
  readonly #mask: number;
  readonly #ringConsumer: () => void;
  /** Positions: ours (ahead of what is published) and the consumer's as last read. */
  #tail: number;
  #published: number;
  #head: number;

  /** @param ringConsumer called after something became visible */
  constructor(ring: SharedArrayBuffer, ringConsumer: () => void) {
    const capacity = ring.byteLength - CONTROL_BYTES;
    this.#control = new Int32Array(ring, 0, CONTROL_BYTES / 4);
    this.#lengths = new Uint32Array(ring, CONTROL_BYTES);
    this.#data = new Uint8Array(ring, CONTROL_BYTES);
    this.#mask = capacity - 1;
    this.#ringConsumer = ringConsumer;
    this.#tail = Atomics.load(this.#control, TAIL) >>> 0;
    this.#published = this.#tail;
    this.#head = Atomics.load(this.#control, HEAD) >>> 0;
  }

  get capacityBytes(): number {
    return this.#mask + 1;
  }

  /** Largest message that always fits once the ring has drained by half. */
  get maxMessageBytes(): number {
    return ((this.#mask + 1) >> 1) - 2 * LENGTH_BYTES;
  }

  /** Whether a message of `length` bytes fits now; where not, the consumer will wake the producer when it has read on. */
  fits(length: number): boolean {
    const needed = footprint(length);
    if (this.#free() >= needed) return true;
    this.#head = Atomics.load(this.#control, HEAD) >>> 0;
    if (this.#free() >= needed) return true;
    this.publish();
    Atomics.store(this.#control, WAITING, 1);
    this.#head = Atomics.load(this.#control, HEAD) >>> 0;
    if (this.#free() < needed) return false;
    Atomics.store(this.#control, WAITING, 0);
    return true;
  }

  /** Writes one message of two parts; false when it does not fit now. Seen by the consumer after `publish`. */
  tryWrite(first: Uint8Array, second: Uint8Array): boolean {
    const length = first.byteLength + second.byteLength;
    if (!this.fits(length)) return false;
    this.#lengths[(this.#tail & this.#mask) >>> 2] = length;
    this.#copy(first, this.#tail + LENGTH_BYTES);
    this.#copy(second, this.#tail + LENGTH_BYTES + first.byteLength);
    this.#tail = (this.#tail + footprint(length)) >>> 0;
    return true;
  }

  /** Makes all messages visible to the consumer. */
  publish(): void {
    if (this.#tail === this.#published) return;
    this.#published = this.#tail;
    Atomics.store(this.#control, TAIL, this.#tail | 0);
    this.#ringConsumer();
  }

  #free(): number {
    return this.#mask + 1 - ((this.#tail - this.#head) >>> 0);
  }

  #copy(part: Uint8Array, position: number): void {
    const at = (position & this.#mask) >>> 0;
    const room = this.#mask + 1 - at;
    if (part.byteLength <= room) this.#data.set(part, at);
    else {
      this.#data.set(part.subarray(0, room), at);
      this.#data.set(part.subarray(room), 0);
    }
  }
}

export class RingReader {
  readonly #control: Int32Array;
  readonly #lengths: Uint32Array;
  readonly #data: Uint8Array;
  readonly #mask: number;
  readonly #ringProducer: () => void;
  #head: number;
  #tail: number;
  /** Where the message begins that follows the one last read; the producer gets room up to there at the next `read`. */
  #next: number;
  /** For messages that go on at the beginning of the ring. */
  #scratch = new Uint8Array(0);

  /** @param ringProducer called after room was made that the producer waits for */
  constructor(ring: SharedArrayBuffer, ringProducer: () => void) {
    const capacity = ring.byteLength - CONTROL_BYTES;
    this.#control = new Int32Array(ring, 0, CONTROL_BYTES / 4);
    this.#lengths = new Uint32Array(ring, CONTROL_BYTES);
    this.#data = new Uint8Array(ring, CONTROL_BYTES);
    this.#mask = capacity - 1;
    this.#ringProducer = ringProducer;
    this.#head = Atomics.load(this.#control, HEAD) >>> 0;
    this.#tail = this.#head;
    this.#next = this.#head;
  }

  /** The next message, where it lies in the ring, valid until the next call; undefined when there is none. */
  read(): Uint8Array | undefined {
    this.#release();
    if (this.#head === this.#tail) {
      this.#tail = Atomics.load(this.#control, TAIL) >>> 0;
      if (this.#head === this.#tail) return undefined;
    }
    const length = this.#lengths[(this.#head & this.#mask) >>> 2] ?? 0;
    const at = ((this.#head + LENGTH_BYTES) & this.#mask) >>> 0;
    const room = this.#mask + 1 - at;
    this.#next = (this.#head + footprint(length)) >>> 0;
    if (length <= room) return this.#data.subarray(at, at + length);
    if (this.#scratch.byteLength < length) this.#scratch = new Uint8Array(length * 2);
    this.#scratch.set(this.#data.subarray(at));
    this.#scratch.set(this.#data.subarray(0, length - room), room);
    return this.#scratch.subarray(0, length);
  }

  /** Published messages that were not read yet, the bytes they take, and the share of the ring that is. */
  waiting(): { readonly length: number; readonly bytes: number; readonly usage: number } {
    const tail = Atomics.load(this.#control, TAIL) >>> 0;
    const bytes = (tail - this.#next) >>> 0;
    let length = 0;
    for (let at = this.#next; at !== tail; length += 1)
      at = (at + footprint(this.#lengths[(at & this.#mask) >>> 2] ?? 0)) >>> 0;
    return { length, bytes, usage: bytes / (this.#mask + 1) };
  }

  /** Gives the room of the message last read back to the producer. */
  #release(): void {
    if (this.#next === this.#head) return;
    this.#head = this.#next;
    Atomics.store(this.#control, HEAD, this.#head | 0);
    if (Atomics.load(this.#control, WAITING) === 1 && Atomics.exchange(this.#control, WAITING, 0) === 1)
      this.#ringProducer();
  }
}
