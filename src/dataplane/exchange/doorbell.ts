/**
 * Wakes a loop of another thread: one Int32 in shared memory. The sleeper announces itself (`arm`), looks for work once
 * more, then waits; a ringer makes its work visible first, then looks at the cell. Both orders being sequentially
 * consistent, one of them always sees the other.
 */
const AWAKE = 0;
const SLEEPING = 1;

export class Doorbell {
  readonly cell: Int32Array<SharedArrayBuffer>;

  /** @param memory shared memory with a word of this doorbell at `index`; see `createDoorbell` */
  constructor(memory: SharedArrayBuffer, index = 0) {
    this.cell = new Int32Array(memory, index * 4, 1);
  }

  /** Wakes the sleeper, if it sleeps. Cheap when it does not. */
  ring(): void {
    if (Atomics.load(this.cell, 0) !== SLEEPING) return;
    if (Atomics.compareExchange(this.cell, 0, SLEEPING, AWAKE) === SLEEPING) Atomics.notify(this.cell, 0);
  }

  /** Announces sleep; look for work once more before `wait`. */
  arm(): void {
    Atomics.store(this.cell, 0, SLEEPING);
  }

  disarm(): void {
    Atomics.store(this.cell, 0, AWAKE);
  }

  /** Resolves when rung since `arm`, or after `timeoutMs`. */
  async wait(timeoutMs: number): Promise<void> {
    const result = Atomics.waitAsync(this.cell, 0, SLEEPING, timeoutMs);
    if (result.async) await result.value;
    this.disarm();
  }
}

/** Memory of one doorbell. */
export function createDoorbell(): SharedArrayBuffer {
  return new SharedArrayBuffer(4);
}
