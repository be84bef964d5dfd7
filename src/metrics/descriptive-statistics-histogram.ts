import { UserError } from '../base/errors.ts';
import { HISTOGRAM_VALUES, HISTOGRAM_VALUES_MAX } from '../base/limits.ts';
import type { Histogram, HistogramStatistics } from '../functions/metrics.ts';

/** The last values, as many as the window has places: `update` is one write, statistics cost a sort when they are asked for. */
export class DescriptiveStatisticsHistogram implements Histogram {
  readonly #values: Float64Array;
  #count = 0;

  /** @param windowSize values that are held */
  constructor(windowSize = HISTOGRAM_VALUES) {
    if (!(Number.isInteger(windowSize) && windowSize > 0 && windowSize <= HISTOGRAM_VALUES_MAX))
      throw new UserError(`a histogram holds 1 to ${HISTOGRAM_VALUES_MAX} values, not ${windowSize}`);
    this.#values = new Float64Array(windowSize);
  }

  update(value: number): void {
    this.#values[this.#count % this.#values.length] = value;
    this.#count += 1;
  }

  getCount(): number {
    return this.#count;
  }

  getStatistics(): HistogramStatistics {
    return new SortedStatistics(this.#values.slice(0, Math.min(this.#count, this.#values.length)));
  }
}

class SortedStatistics implements HistogramStatistics {
  readonly size: number;
  readonly min: number;
  readonly max: number;
  readonly mean: number;
  readonly stdDev: number;
  readonly #sorted: Float64Array;

  constructor(values: Float64Array) {
    this.#sorted = values.toSorted();
    this.size = values.length;
    this.min = this.#sorted[0] ?? 0;
    this.max = this.#sorted[this.size - 1] ?? 0;
    this.mean = this.size === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / this.size;
    const squares = values.reduce((sum, value) => sum + (value - this.mean) ** 2, 0);
    this.stdDev = this.size < 2 ? 0 : Math.sqrt(squares / (this.size - 1));
  }

  /** Between two values, by their distance to the place of the quantile, n + 1 places in all. */
  getQuantile(quantile: number): number {
    const place = quantile * (this.size + 1);
    if (!(place >= 1)) return this.min;
    if (place >= this.size) return this.max;
    const lower = this.#sorted[Math.floor(place) - 1] as number;
    const upper = this.#sorted[Math.floor(place)] as number;
    return lower + (place - Math.floor(place)) * (upper - lower);
  }
}
