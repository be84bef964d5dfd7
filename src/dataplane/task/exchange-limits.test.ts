import { describe, expect, it } from 'vitest';
import {
  BATCH_RECORDS,
  CHANNEL_KEEPALIVE_MS,
  CHANNEL_SILENCE_MS,
  MAX_RECORD_BYTES,
  NETWORK_CHANNEL_FRAMES,
  SOURCE_BATCH_RECORDS,
} from '../../base/limits.ts';
import { WatermarkStrategy } from '../../functions/watermark.ts';
import { SeededRandom } from '../../testing/seeded-random.ts';
import { SimulatedClock } from '../../testing/simulated-clock.ts';
import { SimulatedNetwork } from '../../transport/simulation/network.ts';
import { TaskError } from '../chain/index.ts';
import { RecordTooLargeError } from '../exchange/index.ts';
import { mapOperator, sinkOperator, sourceOperator } from '../operators/index.ts';
import { collectingSink, numbersSource, TestJob } from '../test-support/job-harness.ts';
import type { TestJobOptions } from '../test-support/job-harness.ts';

function networkOptions(): TestJobOptions {
  const clock = new SimulatedClock({ startAt: 0 });
  const network = new SimulatedNetwork(clock, new SeededRandom(7), {});
  return { carrier: 'network', clock, transport: network.connect('node') };
}

const RING_BYTES = 16 * 1024;

/** Records a channel may hold: what it carries in flight, one refused batch, and what a frame cuts a batch into. */
const CARRIERS: readonly (readonly [string, () => TestJobOptions, number])[] = [
  ['slot', () => ({ carrier: 'slot', slotBound: 3 }), 3 * BATCH_RECORDS],
  // The smallest number takes a byte.
  ['process', () => ({ carrier: 'process', ringBytes: RING_BYTES }), RING_BYTES],
  ['network', networkOptions, NETWORK_CHANNEL_FRAMES * BATCH_RECORDS],
];

const numbers = (count: number) =>
  sourceOperator(
    numbersSource([{ splitId: 's0', from: 0, to: count }]),
    WatermarkStrategy.noWatermarks<number>(),
  );

describe('a consumer slower than its producer', () => {
  it.each(CARRIERS)(
    'when channels are of carrier %s, then no queue grows above its bound, and all arrives in order',
    async (_name, options, inFlight) => {
      const out: [unknown, number][] = [];
      const count = 60_000;
      const pause = (): Promise<void> =>
        new Promise((resolve) => void job.clock.setTimeout(resolve, 20, 'slow sink'));
      const job: TestJob = new TestJob(
        [
          { operators: [numbers(count)], parallelism: 1 },
          { operators: [sinkOperator(collectingSink(out, { pending: pause }))], parallelism: 1 },
        ],
        options(),
      );
      job.start();
      const bound = inFlight + 3 * BATCH_RECORDS;
      let [highest, samples] = [0, 0];
      while (job.finished < 2 && job.errors.length === 0) {
        await job.clock.runFor(100);
        const [source, sink] = job.tasks.map((task) => task.counters);
        const sent = source?.numRecordsOut ?? 0;
        highest = Math.max(highest, sent - (sink?.numRecordsIn ?? 0));
        expect((source?.numRecordsIn ?? 0) - sent).toBeLessThanOrEqual(SOURCE_BATCH_RECORDS + BATCH_RECORDS);
        samples += 1;
      }
      expect(job.errors).toEqual([]);
      expect(samples).toBeGreaterThan(50);
      expect(highest).toBeLessThanOrEqual(bound);
      expect(highest).toBeGreaterThan(BATCH_RECORDS);
      expect(out.map(([n]) => n)).toEqual(Array.from({ length: count }, (_, n) => n));
      expect(job.tasks[0]?.counters.backPressuredMs).toBeGreaterThan(1_000);
      await job.stop();
    },
  );

  it('when it takes nothing for longer than the silence allowed, then keepalives and credits keep the channel alive', async () => {
    const out: [unknown, number][] = [];
    let release: (() => void) | undefined;
    const pending = (): Promise<void> => new Promise((resolve) => (release = resolve));
    const job = new TestJob(
      [
        { operators: [numbers(50_000)], parallelism: 1 },
        { operators: [sinkOperator(collectingSink(out, { pending }))], parallelism: 1 },
      ],
      networkOptions(),
    );
    job.start();
    await job.clock.runFor(CHANNEL_SILENCE_MS * 6 + CHANNEL_KEEPALIVE_MS);
    expect([job.errors, job.finished]).toEqual([[], 0]);
    await job.clock.runUntil(() => {
      release?.();
      return job.finished === 2 || job.errors.length > 0;
    });
    expect([job.errors, out.length]).toEqual([[], 50_000]);
    await job.stop();
  });
});

describe('a record larger than a channel carries', () => {
  const large = (bytes: number) => mapOperator((n: number) => (n === 2 ? 'x'.repeat(bytes) : n));

  it.each(CARRIERS.filter(([name]) => name !== 'slot'))(
    'when the carrier is %s, then the task fails, not retryably, naming operator, size and limit',
    async (_name, options) => {
      const job = new TestJob(
        [
          { operators: [numbers(10), large(MAX_RECORD_BYTES)], parallelism: 1 },
          { operators: [sinkOperator(collectingSink([]))], parallelism: 1 },
        ],
        options(),
      );
      await job.run();
      const [error] = job.errors as [TaskError];
      expect(error).toBeInstanceOf(TaskError);
      expect(error.cause).toBeInstanceOf(RecordTooLargeError);
      expect([error.retryable, error.domain]).toEqual([false, 'user']);
      expect(error.message).toMatch(
        /^operator "map 0\.1" \(subtask 1\/1\) failed at the end of its input: a record of 671\d{5} bytes is larger/,
      );
      expect(error.message).toContain(`than a channel carries (${MAX_RECORD_BYTES} bytes)`);
      await job.stop();
    },
  );

  it.each(CARRIERS)(
    'when it fits, in many frames, then it arrives whole by carrier %s',
    async (_name, options) => {
      const out: [unknown, number][] = [];
      const job = new TestJob(
        [
          { operators: [numbers(10), large(3_000_000)], parallelism: 1 },
          { operators: [sinkOperator(collectingSink(out))], parallelism: 1 },
        ],
        options(),
      );
      await job.run();
      expect(job.errors).toEqual([]);
      expect(out.map(([value]) => (typeof value === 'string' ? value.length : value))).toEqual([
        0, 1, 3_000_000, 3, 4, 5, 6, 7, 8, 9,
      ]);
      await job.stop();
    },
  );
});
