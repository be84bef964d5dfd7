/**
 * How far the rows of a query may be off from those of its yardstick, as a share of them. What is not named here makes
 * exactly as many.
 */
const TOLERANCE: Readonly<Record<string, number>> = {
  // Bids that overtake their auction on the other input become one update instead of several.
  q4: 0.25,
  q6: 0.25,
  q9: 0.25,
  // Windows of the wall clock: there are rows, no two runs are alike.
  q12: Number.POSITIVE_INFINITY,
};

/** Updates whose number depends on the order in which events of several subtasks meet. */
const ORDERED_AT_1 = ['q18', 'q19'];
const TOLERANCE_ABOVE_1 = 0.02;

/** @throws Error when the engine's number of rows cannot be right */
export function checkRows(query: string, parallelism: number, engine: number, yardstick: number): void {
  const tolerance =
    parallelism > 1 && ORDERED_AT_1.includes(query) ? TOLERANCE_ABOVE_1 : (TOLERANCE[query] ?? 0);
  if (engine === yardstick) return;
  if (engine > 0 && Math.abs(engine - yardstick) <= yardstick * tolerance) return;
  throw new Error(`${query} made ${engine} rows, its yardstick ${yardstick}`);
}
