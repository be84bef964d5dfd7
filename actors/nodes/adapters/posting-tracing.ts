import type { Clock } from '../../../src/ports/clock.ts';
import type { Span, SpanOptions, Tracing } from '../../../src/ports/tracing.ts';
import type { SlotThreadFact } from './slot-thread-protocol.ts';

/**
 * Hands the spans of a slot thread to the main thread once they have ended: the exporter lives there alone. What a span causes
 * counts as caused by its parent, since it gets its own identity only then.
 */
export class PostingTracing implements Tracing {
  readonly enabled = true;
  readonly #post: (fact: SlotThreadFact) => void;
  readonly #clock: Clock;

  constructor(post: (fact: SlotThreadFact) => void, clock: Clock) {
    this.#post = post;
    this.#clock = clock;
  }

  start(name: string, options: SpanOptions = {}): Span {
    const startedAt = options.startedAt ?? this.#clock.now();
    let ended = false;
    return {
      context: options.parent,
      end: ({ error, ...outcome } = {}) => {
        if (ended) return;
        ended = true;
        const endedAt = outcome.endedAt ?? this.#clock.now();
        const failure = error === undefined ? {} : { error: { message: error.message } };
        this.#post({
          type: 'span',
          name,
          options: { ...options, startedAt },
          outcome: { ...outcome, ...failure, endedAt },
        });
      },
    };
  }
}
