import { NO_TIMESTAMP } from '../../base/time.ts';
import type { Key } from '../../functions/basic.ts';
import type { OutputTag } from '../../functions/output-tag.ts';
import type { OnTimerContext } from '../../functions/process.ts';
import type { InMemoryTimerService, KeyedStateBackend, TimeDomain } from '../../state/index.ts';
import type { OutputCollector } from './output-collector.ts';

/** The context of one operator, reused for all records and timers. */
export class KeyedContext implements OnTimerContext<Key> {
  timeDomain: TimeDomain = 'event-time';
  readonly #backend: KeyedStateBackend;
  readonly #timers: InMemoryTimerService;
  readonly #collector: OutputCollector;

  constructor(backend: KeyedStateBackend, timers: InMemoryTimerService, collector: OutputCollector) {
    this.#backend = backend;
    this.#timers = timers;
    this.#collector = collector;
  }

  get timestamp(): number | undefined {
    return this.#collector.timestamp === NO_TIMESTAMP ? undefined : this.#collector.timestamp;
  }

  timerService(): InMemoryTimerService {
    return this.#timers;
  }

  getCurrentKey(): Key {
    return this.#backend.getCurrentKey();
  }

  output<S>(tag: OutputTag<S>, value: S): void {
    this.#collector.side(tag as OutputTag<unknown>, value);
  }
}
