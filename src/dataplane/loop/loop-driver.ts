/** What moves a slot's loop: a thread, or the simulator's clock. One driver serves one loop. */
export interface LoopDriver {
  /** Calls `round` once, soon, after other events of the thread had their turn. */
  yield(round: () => void): void;
  /** Announces `sleep`: what becomes work from now on wakes it. Look for work once more in between. */
  arm(): void;
  /** Takes `arm` back. */
  disarm(): void;
  /** Calls `round` once: when woken since `arm`, or after `maxMs`. */
  sleep(round: () => void, maxMs: number): void;
  /** There may be work. Cheap and idempotent; from this thread. */
  wake(): void;
  /** Releases what the driver holds; no round is called afterwards. */
  close(): void;
}
