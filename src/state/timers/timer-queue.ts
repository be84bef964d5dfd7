import type { KeyIdentity } from '../key-encoding.ts';
import { keyIdentity } from '../key-encoding.ts';
import type { Key } from '../../functions/basic.ts';

/** Numbers in ascending order: a binary heap. */
export class MinHeap {
  readonly #items: number[] = [];

  get size(): number {
    return this.#items.length;
  }

  peek(): number | undefined {
    return this.#items[0];
  }

  push(value: number): void {
    const items = this.#items;
    let at = items.length;
    items.push(value);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = items[parent] as number;
      if (above <= value) break;
      items[at] = above;
      at = parent;
    }
    items[at] = value;
  }

  pop(): number | undefined {
    const items = this.#items;
    const first = items[0];
    const last = items.pop();
    if (items.length > 0 && last !== undefined) this.#sink(last);
    return first;
  }

  #sink(value: number): void {
    const items = this.#items;
    const half = items.length >> 1;
    let at = 0;
    while (at < half) {
      let child = at * 2 + 1;
      if (child + 1 < items.length && (items[child + 1] as number) < (items[child] as number)) child += 1;
      if ((items[child] as number) >= value) break;
      items[at] = items[child] as number;
      at = child;
    }
    items[at] = value;
  }
}

/**
 * Timers of one time domain, unique per key and timestamp, fired by timestamp, then by order of registration. Timers of
 * one timestamp share a bucket, so the heap holds distinct timestamps only.
 */
export class TimerQueue {
  readonly #buckets = new Map<number, Map<KeyIdentity, Key>>();
  readonly #heap = new MinHeap();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** False when the key had this timer already. */
  register(key: Key, timestamp: number): boolean {
    let bucket = this.#buckets.get(timestamp);
    if (bucket === undefined) {
      bucket = new Map();
      this.#buckets.set(timestamp, bucket);
      this.#heap.push(timestamp);
    }
    const identity = keyIdentity(key);
    if (bucket.has(identity)) return false;
    bucket.set(identity, key);
    this.#size += 1;
    return true;
  }

  delete(key: Key, timestamp: number): boolean {
    const removed = this.#buckets.get(timestamp)?.delete(keyIdentity(key)) ?? false;
    if (removed) this.#size -= 1;
    return removed;
  }

  /** Timestamp of the earliest timer. */
  next(): number | undefined {
    for (let first = this.#heap.peek(); first !== undefined; first = this.#heap.peek()) {
      if ((this.#buckets.get(first)?.size ?? 0) > 0) return first;
      this.#buckets.delete(first);
      this.#heap.pop();
    }
    return undefined;
  }

  /**
   * Takes timers up to and including `until` one by one and calls `fire`. Stops when `fire` returns false (that timer is
   * done, later ones stay), or before a timer whose key may not fire now. Returns whether all due timers were taken. Timers that
   * `fire` registers are seen.
   */
  advance(
    until: number,
    fire: (timestamp: number, key: Key) => boolean,
    mayFire?: (key: Key) => boolean,
  ): boolean {
    for (
      let timestamp = this.next();
      timestamp !== undefined && timestamp <= until;
      timestamp = this.next()
    ) {
      const bucket = this.#buckets.get(timestamp);
      if (bucket === undefined) continue;
      for (const [identity, key] of bucket) {
        if (mayFire !== undefined && !mayFire(key)) return false;
        bucket.delete(identity);
        this.#size -= 1;
        if (!fire(timestamp, key)) return false;
      }
    }
    return true;
  }
}
