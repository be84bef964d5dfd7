/**
 * Backpressure within a task. Outputs that are full and sinks that wait set `blocked`; the task and long-running
 * operators look at it between records and stop.
 */
export class Flow {
  /** True: hand on nothing more now. Read on hot paths; written by `block`, `waitFor` and `resume`. */
  blocked = false;
  #waiting = 0;
  #failure: { readonly error: unknown; readonly node: number | undefined } | undefined;
  readonly #wake: () => void;

  constructor(wake: () => void) {
    this.#wake = wake;
  }

  /** An output is full: blocked until the next `resume`. */
  block(): void {
    this.blocked = true;
  }

  /** Blocked until the promise resolves; what it rejects with comes out of `failure`, with the operator's index where known. */
  waitFor(promise: Promise<unknown>, node: number | undefined): void {
    this.blocked = true;
    this.#waiting += 1;
    promise.then(
      () => this.#settled(),
      (error: unknown) => {
        this.#failure ??= { error, node };
        this.#settled();
      },
    );
  }

  /** Goes on meanwhile; what the promise rejects with fails the task. */
  watch(promise: Promise<unknown>, node: number | undefined): void {
    promise.then(
      () => this.#wake(),
      (error: unknown) => {
        this.#failure ??= { error, node };
        this.#wake();
      },
    );
  }

  get failure(): { readonly error: unknown; readonly node: number | undefined } | undefined {
    return this.#failure;
  }

  /** The task may have work again: something completed outside its loop. */
  wake(): void {
    this.#wake();
  }

  /** Clears `blocked` if nothing is awaited and `outputsReady`. Returns whether work may go on. */
  resume(outputsReady: boolean): boolean {
    this.blocked = this.#waiting > 0 || !outputsReady;
    return !this.blocked;
  }

  #settled(): void {
    this.#waiting -= 1;
    this.#wake();
  }
}
