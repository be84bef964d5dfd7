import { DescriptiveStatisticsHistogram } from '../../metrics/descriptive-statistics-histogram.ts';
import type { Clock } from '../../ports/clock.ts';

const NANOSECONDS = 1_000_000;

/** `state.latency-track.*`, where it is on. */
export interface LatencyTrackSettings {
  /** Accesses of one kind to one state, of which the first is timed. */
  readonly sampleInterval: number;
  /** Times that a histogram holds. */
  readonly historySize: number;
  /** The state's name is the value of a variable, else a group. */
  readonly stateNameAsVariable: boolean;
}

/** Times one kind of access to one state, each n-th of them; the others cost a count. */
export class AccessLatency {
  readonly #settings: LatencyTrackSettings;
  readonly #clock: Pick<Clock, 'monotonic'>;
  #untilSample = 0;
  #histogram: DescriptiveStatisticsHistogram | undefined;

  constructor(settings: LatencyTrackSettings, clock: Pick<Clock, 'monotonic'>) {
    this.#settings = settings;
    this.#clock = clock;
  }

  /** Times in ns; undefined before any. */
  get histogram(): DescriptiveStatisticsHistogram | undefined {
    return this.#histogram;
  }

  /** Before an access: when it begins; undefined for one that is not timed. */
  begin(): number | undefined {
    if (this.#untilSample > 0) {
      this.#untilSample -= 1;
      return undefined;
    }
    this.#untilSample = this.#settings.sampleInterval - 1;
    return this.#clock.monotonic();
  }

  /** After it; not called for one that threw. */
  end(begun: number | undefined): void {
    if (begun === undefined) return;
    this.#histogram ??= new DescriptiveStatisticsHistogram(this.#settings.historySize);
    this.#histogram.update(Math.round((this.#clock.monotonic() - begun) * NANOSECONDS));
  }
}
