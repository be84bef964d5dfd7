/** Time, as a port: the simulator owns it in tests. */
export interface Clock {
  /** Wall time in ms since the epoch; may jump. For timestamps shown or stored, never for timeouts. */
  now(): number;
  /** Monotonic time in ms, arbitrary origin. For leases, timeouts and durations. */
  monotonic(): number;
  /** Runs `callback` once after `delayMs`; `name` is shown in traces of simulations. */
  setTimeout(callback: () => void, delayMs: number, name?: string): TimerHandle;
  clearTimeout(handle: TimerHandle): void;
}

/** Opaque to callers. */
export type TimerHandle = { readonly timer: unknown };
