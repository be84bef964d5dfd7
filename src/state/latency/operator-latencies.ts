import { METRIC_NAME_CHARS_MAX } from '../../base/limits.ts';
import { histogramValue } from '../../metrics/collect-group.ts';
import type { MetricComponent } from '../../metrics/component.ts';
import { STATE_LATENCY_METRICS } from '../../metrics/system/state-metrics.ts';
import type { StateLatencyName } from '../../metrics/system/state-metrics.ts';
import { SystemMetrics } from '../../metrics/system/system-metrics.ts';
import type { Clock } from '../../ports/clock.ts';
import { AccessLatency } from './access-latency.ts';
import type { LatencyTrackSettings } from './access-latency.ts';

/** What accesses to the states of one operator take, and its metrics. A name stands for the states of all its scopes. */
export class OperatorLatencies {
  readonly #settings: LatencyTrackSettings;
  readonly #metrics: MetricComponent;
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #states = new Map<string, StateLatencies>();

  constructor(settings: LatencyTrackSettings, metrics: MetricComponent, clock: Pick<Clock, 'monotonic'>) {
    this.#settings = settings;
    this.#metrics = metrics;
    this.#clock = clock;
  }

  /** Those of one state; the same again for the same name. */
  ofState(stateName: string): StateLatencies {
    let state = this.#states.get(stateName);
    if (state === undefined) {
      const group = stateName.slice(0, METRIC_NAME_CHARS_MAX);
      const below = this.#metrics.below(this.#settings.stateNameAsVariable ? ['state_name', group] : [group]);
      state = new StateLatencies(this.#settings, below, this.#clock);
      this.#states.set(stateName, state);
    }
    return state;
  }
}

/** What accesses to one state take, by kind. */
export class StateLatencies {
  readonly #settings: LatencyTrackSettings;
  readonly #metrics: MetricComponent;
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #latencies = new Map<StateLatencyName, AccessLatency>();

  constructor(settings: LatencyTrackSettings, metrics: MetricComponent, clock: Pick<Clock, 'monotonic'>) {
    this.#settings = settings;
    this.#metrics = metrics;
    this.#clock = clock;
  }

  /** The same again for the same name. */
  of(name: StateLatencyName): AccessLatency {
    let latency = this.#latencies.get(name);
    if (latency === undefined) {
      const made = new AccessLatency(this.#settings, this.#clock);
      const read = (): ReturnType<typeof histogramValue> | undefined =>
        made.histogram === undefined ? undefined : histogramValue(made.histogram);
      this.#metrics.add(new SystemMetrics(STATE_LATENCY_METRICS, { [name]: read }));
      this.#latencies.set(name, made);
      latency = made;
    }
    return latency;
  }
}
