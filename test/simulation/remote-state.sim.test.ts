import { describe, expect, it } from 'vitest';
import { SimulatedCluster } from '../../actors/testing/simulated-cluster.ts';
import { defineJob } from '../../src/api/job.ts';
import { UserError } from '../../src/base/errors.ts';
import { Configuration } from '../../src/config/configuration.ts';
import { DataGeneratorSource } from '../../src/connectors/generator/data-generator-source.ts';
import type { RuntimeContext } from '../../src/functions/context.ts';
import { KeyedProcessFunction } from '../../src/functions/process.ts';
import { ValueStateDescriptor } from '../../src/functions/state.ts';
import type { ValueState } from '../../src/functions/state.ts';
import { WatermarkStrategy } from '../../src/functions/watermark.ts';
import { SeededRandom } from '../../src/testing/seeded-random.ts';
import { replaceJobManager, replaceTaskManager, startNodes } from './replace-nodes.ts';

const FAULTY_MS = 60_000;
const QUIET_MS = 15_000;
const KEYS = 100;

/** Keys that are in use for a while, then not until all others were. */
const [HOT_KEYS, WHILE] = [20, 400];

const keyOf = (n: number): number => (Math.floor(n / WHILE) * HOT_KEYS + (n % HOT_KEYS)) % KEYS;

/** The number of the same key before this one; -1: there is none. */
function before(n: number): number {
  let other = n - 1;
  while (other >= 0 && keyOf(other) !== keyOf(n)) other -= 1;
  return other;
}

/** Numbers of a key come in order, each once: a row that is lost, older or doubled is seen at once, and ends the job. */
class InOrder extends KeyedProcessFunction<number, number, number> {
  #last!: ValueState<number>;

  override open(context: RuntimeContext): void {
    this.#last = context.getState(new ValueStateDescriptor<number>('last'));
  }

  override processElement(n: number): void {
    const last = this.#last.value() ?? -1;
    if (last !== before(n))
      throw new UserError(`key ${keyOf(n)} got ${n} after ${last}, not after ${before(n)}`, {
        retryable: false,
      });
    this.#last.update(n);
  }
}

const JOB = defineJob('numbers in order', (env) => {
  env
    .fromSource(
      new DataGeneratorSource({ generate: (i) => i, recordsPerSecond: 100 }),
      WatermarkStrategy.noWatermarks(),
      'numbers',
    )
    .setParallelism(1)
    .keyBy(keyOf)
    .process(new InOrder())
    .collect();
});

const CONFIGURATION = Configuration.of([
  ['parallelism.default', '2'],
  ['taskmanager.numberOfTaskSlots', '2'],
  ['state.backend.type', 'forst'],
  ['execution.checkpointing.interval', '200 ms'],
  ['execution.checkpointing.timeout', '10 s'],
  ['execution.checkpointing.tolerable-failed-checkpoints', '1000'],
  ['execution.checkpointing.orphan-sweep-interval', '500 ms'],
  ['heartbeat.interval', '500 ms'],
  ['heartbeat.timeout', '5 s'],
  ['restart-strategy.type', 'fixed-delay'],
  ['restart-strategy.fixed-delay.attempts', '1000'],
  ['restart-strategy.fixed-delay.delay', '200 ms'],
]);

/** Runs the job while its TaskManagers die, again and again before all is loaded. */
async function run(seed: number, more: Readonly<Record<string, string>>): Promise<unknown> {
  const random = new SeededRandom(seed).fork('plan');
  const cluster = new SimulatedCluster({
    seed,
    job: JOB,
    configuration: CONFIGURATION.with(Configuration.of(Object.entries(more))),
    storeDelayMs: 40 + random.int(100),
    network: { faults: [{ minDelayMs: 0.2, meanDelayMs: 5 }] },
  });
  const { clock } = cluster;
  await startNodes(cluster, 2);
  const { jobId, ended } = cluster.submit();
  ended.catch(() => {});
  for (let at = 5_000; at < FAULTY_MS; at += 3_000 + random.int(6_000))
    clock.setTimeout(() => replaceTaskManager(cluster, random), at, 'a TaskManager dies');
  clock.setTimeout(() => replaceJobManager(cluster), FAULTY_MS / 2, 'another JobManager leads');
  const end = clock.monotonic() + FAULTY_MS + QUIET_MS;
  await clock.runUntil(() => clock.monotonic() > end, 3_000_000);
  const status = cluster.leader?.dispatcher.jobManager(jobId)?.summary().status;
  return { status, fatalErrors: cluster.fatalErrors };
}

const WHOLE = { 'execution.checkpointing.incremental': 'false' };
const GOES_ON = { status: 'RUNNING', fatalErrors: [] };
const SEEDS = [1, 2, 3, 4, 5, 6, 7, 8];

describe('state that is left in the files of checkpoints', () => {
  it.each(SEEDS)(
    'when TaskManagers die before all is loaded, and checkpoints build on what is not (seed %i), then no row and no file is missed',
    async (seed) => expect(await run(seed, {})).toEqual(GOES_ON),
  );

  it.each(SEEDS)(
    'when each checkpoint is whole and the one before is removed (seed %i), then no row and no file is missed',
    async (seed) => expect(await run(seed + 100, WHOLE)).toEqual(GOES_ON),
  );

  it.each(SEEDS)(
    'when there is room for a part of it beside the files (seed %i), then no row and no file is missed',
    async (seed) => {
      const small = { ...WHOLE, 'state.backend.forst.cache.size-based-limit': '100 b' };
      expect(await run(seed + 200, small)).toEqual(GOES_ON);
    },
  );
});
