import type { TraceContext } from '../../src/ports/tracing.ts';

/**
 * On whose behalf the actors of a node act right now: the span of the message that is being handled. Messages sent meanwhile
 * carry it on. It holds for synchronous work only; whoever goes on later keeps the context and enters it again.
 */
export class TraceScope {
  #current: TraceContext | undefined;

  get current(): TraceContext | undefined {
    return this.#current;
  }

  /** Runs `act` on behalf of a span; undefined: of none. */
  within<T>(context: TraceContext | undefined, act: () => T): T {
    const before = this.#current;
    this.#current = context;
    try {
      return act();
    } finally {
      this.#current = before;
    }
  }
}
