import { SOURCE_BATCH_RECORDS } from '../../../src/base/limits.ts';
import { NO_TIMESTAMP } from '../../../src/base/time.ts';
import type { OperatorFactory } from '../../../src/dataplane/chain/index.ts';
import { filterOperator, flatMapOperator, mapOperator } from '../../../src/dataplane/operators/index.ts';
import { ChainHarness } from '../../../src/dataplane/test-support/chain-harness.ts';
import type { Bench, Measurement } from '../bench.ts';
import { measure } from '../measure.ts';

interface Reading {
  readonly sensor: number;
  readonly celsius: number;
}

interface Room {
  readonly room: number;
  readonly kelvin: number;
}

/** The operators of the bench `chain`. */
const OPERATORS: readonly OperatorFactory[] = [
  mapOperator(({ sensor, celsius }: Reading) => ({ sensor, kelvin: celsius + 273.15 })),
  filterOperator(({ kelvin }: { kelvin: number }) => kelvin > 0),
  flatMapOperator<{ sensor: number; kelvin: number }, Room>(({ sensor, kelvin }, out) =>
    out.collect({ room: sensor >> 3, kelvin }),
  ),
  mapOperator(({ room, kelvin }: Room) => ({ room, fahrenheit: kelvin * 1.8 - 459.67 })),
  filterOperator(({ fahrenheit }: { fahrenheit: number }) => fahrenheit < 1_000),
  // What comes out is dropped, so that the chain alone is measured.
  filterOperator(() => false),
];

/** Records through a chain in one thread, made as the generator of the bench `chain` makes them; collected once a second. */
async function run(
  factories: readonly OperatorFactory[],
  collects: boolean,
  records: number,
): Promise<Measurement> {
  const harness = await ChainHarness.open(factories);
  const entry = harness.chain.inputs[0];
  if (entry === undefined) throw new Error('a chain has an input');
  let collectedAt = performance.now();
  return measure(() => {
    for (let index = 0; index < records; index += 1) {
      entry({ sensor: index % 1_000, celsius: (index % 997) / 10 }, NO_TIMESTAMP);
      if (!collects || index % SOURCE_BATCH_RECORDS !== 0 || performance.now() - collectedAt < 1_000)
        continue;
      collectedAt = performance.now();
      const seen = harness.chain.members.at(-1)?.counts.recordsIn() ?? 0;
      if (seen === 0) throw new Error('nothing was counted');
    }
    return records;
  });
}

/** Operators are told to emit one record for each: then nothing is counted. */
const uncounted = (): OperatorFactory[] => OPERATORS.map((factory) => ({ ...factory, emits: 'one-each' }));

export const metricsNone: Bench = {
  name: 'metrics-none',
  title: 'five stateless operators without counting what each gets and emits',
  records: 50_000_000,
  run: (records) => run(uncounted(), false, records),
};

export const metrics: Bench = {
  name: 'metrics',
  title: 'the same with it, as jobs run',
  records: 50_000_000,
  comparedWith: { bench: 'metrics-none', floor: 0.9 },
  run: (records) => run(OPERATORS, true, records),
};
