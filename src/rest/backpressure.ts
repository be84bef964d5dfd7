import type { Backpressure } from './vertex-schemas.ts';

/** Above these shares of time a subtask counts as low, and as high; Flink's. */
const LOW = 0.1;
const HIGH = 0.5;

type Level = 'ok' | 'low' | 'high';

const levelOf = (ratio: number): Level => (ratio <= LOW ? 'ok' : ratio <= HIGH ? 'low' : 'high');

/**
 * Flink's page of backpressure, of the metrics of a vertex (`<subtask>.backPressuredTimeMsPerSecond`...). With it the mean
 * over subtasks, as the guide asks for it.
 */
export function backpressureJson(values: ReadonlyMap<string, number | string>, now: number): Backpressure {
  const ratio = (subtask: number, metric: string): number =>
    Math.min(1, Math.max(0, Number(values.get(`${subtask}.${metric}`) ?? 0) / 1_000));
  const indexes = [...values.keys()]
    .filter((name) => name.endsWith('.backPressuredTimeMsPerSecond'))
    .map((name) => Number(name.slice(0, name.indexOf('.'))))
    .filter(Number.isInteger);
  if (indexes.length === 0) return { status: 'deprecated' };
  const subtasks = [...new Set(indexes)]
    .toSorted((a, b) => a - b)
    .map((subtask) => {
      const backPressured = ratio(subtask, 'backPressuredTimeMsPerSecond');
      const level = levelOf(backPressured);
      return {
        subtask,
        backpressureLevel: level,
        'backpressure-level': level,
        ratio: backPressured,
        idleRatio: ratio(subtask, 'idleTimeMsPerSecond'),
        busyRatio: ratio(subtask, 'busyTimeMsPerSecond'),
      };
    });
  const ratios = subtasks.map((subtask) => subtask.ratio);
  const worst = levelOf(Math.max(...ratios));
  return {
    status: 'ok',
    backpressureLevel: worst,
    'backpressure-level': worst,
    'end-timestamp': now,
    backpressure_mean: ratios.reduce((sum, one) => sum + one, 0) / ratios.length,
    subtasks,
  };
}
