/**
 * What a simulation did, one line per event: equal seeds give equal lines, so two runs are compared by `hash` and a
 * failure is read from the last lines. Keeps the newest `limit` lines; the hash covers all.
 */
export class SimulationTrace {
  readonly #limit: number;
  readonly #listener: ((line: string) => void) | undefined;
  #lines: string[] = [];
  #count = 0;
  // Two 32-bit FNV-1a accumulators with different offsets: 64 bits without the cost of bigints.
  #low = 0x811c9dc5;
  #high = 0xcbf29ce4;

  constructor(options: { readonly limit?: number; readonly onLine?: (line: string) => void } = {}) {
    this.#limit = options.limit ?? 10_000;
    this.#listener = options.onLine;
  }

  add(line: string): void {
    this.#count++;
    for (let at = 0; at < line.length; at++) {
      const unit = line.charCodeAt(at);
      this.#low = Math.imul(this.#low ^ unit, 16_777_619);
      this.#high = Math.imul(this.#high ^ (unit + at), 16_777_619);
    }
    this.#lines.push(line);
    if (this.#lines.length >= this.#limit * 2) this.#lines = this.#lines.slice(-this.#limit);
    this.#listener?.(line);
  }

  /** Lines added since the start, the forgotten ones included. */
  get count(): number {
    return this.#count;
  }

  /** The newest lines, oldest first. */
  get lines(): readonly string[] {
    return this.#lines.slice(-this.#limit);
  }

  /** Digest of all lines, 16 hex digits. */
  get hash(): string {
    const part = (value: number): string => (value >>> 0).toString(16).padStart(8, '0');
    return part(this.#high) + part(this.#low);
  }
}
