/** A clock that all threads and processes of a machine share, in ms with microseconds: without allocation. */
const OFFSET = Number(process.hrtime.bigint()) / 1e6 - performance.now();

export function monotonicMs(): number {
  return performance.now() + OFFSET;
}
