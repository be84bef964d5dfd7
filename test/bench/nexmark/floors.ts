/** What a machine of two cores has to reach at parallelism 1. Shown, not enforced. */

/** Share of the yardstick's speed. */
export const RATIO_FLOOR = 0.6;

const MILLION = 1e6;

const BY_SPEED: readonly (readonly [eventsPerSecond: number, queries: readonly string[]])[] = [
  [1.5 * MILLION, ['q0']],
  [1.0 * MILLION, ['q1', 'q2', 'q14', 'q21', 'q22']],
  [0.8 * MILLION, ['q3']],
  [0.6 * MILLION, ['q5', 'q7', 'q8', 'q11', 'q12', 'q13']],
  [0.4 * MILLION, ['q17', 'q18']],
  [0.2 * MILLION, ['q4', 'q9', 'q15', 'q16', 'q19', 'q20']],
];

/** Events per second that a query has to reach, where one is set. */
export function floorOf(query: string): number | undefined {
  return BY_SPEED.find(([, queries]) => queries.includes(query))?.[0];
}
