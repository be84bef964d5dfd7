import type { ReporterSettings } from '../../../src/config/reporter-settings.ts';
import type { MetricRegistry } from '../../../src/metrics/metric-registry.ts';
import type { Logger } from '../../../src/ports/logger.ts';
import type { MetricSamples } from '../../../src/protocol/metrics.ts';
import { systemClock } from './system-clock.ts';

/** A reporter that runs. */
export interface MetricReporter {
  /** Reports what is left, if it does so at intervals, and ends. Never fails. */
  close(): Promise<void>;
}

/** What reporters are given. */
export interface ReporterContext {
  readonly registry: MetricRegistry;
  readonly logger: Logger;
  /** `jobmanager`, `taskmanager`... */
  readonly role: string;
  readonly clusterId: string;
}

/** What a reporter may report now, with the variables that it is to have. */
export function reportable(
  { registry }: ReporterContext,
  { filter, excludedVariables, addedVariables }: ReporterSettings,
): MetricSamples[] {
  return registry.collect(systemClock.monotonic()).flatMap((group) => {
    const kept = filter.apply(group);
    if (kept === undefined) return [];
    const own = Object.entries(kept.variables).filter(([name]) => !excludedVariables.has(name));
    return [{ ...kept, variables: { ...addedVariables, ...Object.fromEntries(own) } }];
  });
}

/** Reports each `intervalMs` and once more at the end; what fails is said, and again only after it has worked once. */
export class PeriodicReporter implements MetricReporter {
  readonly #report: () => Promise<void>;
  readonly #timer: NodeJS.Timeout;
  #running: Promise<void> = Promise.resolve();
  #busy = false;

  constructor(name: string, intervalMs: number, logger: Logger, report: () => Promise<void>) {
    let failing = false;
    this.#report = async () => {
      try {
        await report();
        failing = false;
      } catch (error) {
        if (!failing) logger.warn('metrics not reported', { reporter: name, error });
        failing = true;
      }
    };
    this.#timer = setInterval(() => this.#tick(), intervalMs);
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#running;
    await this.#report();
  }

  /** A report that takes longer than the interval is not overtaken. */
  #tick(): void {
    if (this.#busy) return;
    this.#busy = true;
    this.#running = this.#report().finally(() => {
      this.#busy = false;
    });
  }
}
