/** Which directed links between nodes are cut. A node always reaches itself. */
export class LinkTable {
  readonly #blocked = new Map<string, Set<string>>();

  block(from: string, to: string): void {
    if (from === to) return;
    const targets = this.#blocked.get(from) ?? new Set();
    this.#blocked.set(from, targets.add(to));
  }

  unblock(from: string, to: string): void {
    this.#blocked.get(from)?.delete(to);
  }

  isBlocked(from: string, to: string): boolean {
    return this.#blocked.get(from)?.has(to) ?? false;
  }

  clear(): void {
    this.#blocked.clear();
  }
}
