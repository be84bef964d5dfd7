import { DataGeneratorSource, WatermarkStrategy, defineJob } from 'millrace';

/** Keeps a processor busy with a function that has a name. */
function searchForPrimes(from: number): number {
  let found = 0;
  for (let n = from + 2; n < from + 2_000; n += 1) {
    let isPrime = true;
    for (let d = 2; d * d <= n && isPrime; d += 1) isPrime = n % d !== 0;
    if (isPrime) found += 1;
  }
  return found;
}

export default defineJob('busy', (env) => {
  env
    .fromSource(
      new DataGeneratorSource<number>({ generate: (index) => index }),
      WatermarkStrategy.noWatermarks<number>(),
      'numbers',
    )
    .map(searchForPrimes)
    // No later numbers have as many.
    .filter((found) => found > 302)
    .print();
});
