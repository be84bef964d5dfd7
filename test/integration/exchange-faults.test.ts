import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JobDetails } from '../../actors/index.ts';
import { Configuration, runEmbedded } from '../../actors/index.ts';
import { COMPRESSION_MASK, COMPRESSION_SHIFT, readHeader } from '../../src/dataplane/exchange/frame.ts';
import type { FrameHeader } from '../../src/dataplane/exchange/frame.ts';
import { frameCompression } from '../../src/dataplane/exchange/index.ts';
import { ClusterUnderTest, jobPath } from './cluster-under-test.ts';
import { NatsProxy } from './nats-proxy.ts';
import type { ProxyFault } from './nats-proxy.ts';

const CONFIGURATION = {
  'parallelism.default': '2',
  'pipeline.global-job-parameters.repeat': '4000',
  'restart-strategy.exponential-delay.initial-backoff': '100 ms',
  'restart-strategy.exponential-delay.max-backoff': '100 ms',
};

let proxy: NatsProxy;
let cluster: ClusterUnderTest;
let expected: string[];

beforeAll(async () => {
  cluster = await ClusterUnderTest.start({
    taskManagers: 2,
    slots: 1,
    taskManagersConnectTo: async (nats) => (proxy = await NatsProxy.start(nats.port)).url,
  });
  const embedded = await runEmbedded(jobPath('word-count.ts'), {
    configuration: Configuration.of(Object.entries(CONFIGURATION)),
  });
  expected = sorted(embedded.collect());
});

afterAll(async () => {
  await cluster?.stop();
  await proxy?.stop();
});

function sorted(rows: readonly unknown[]): string[] {
  return rows.map((row) => JSON.stringify(row)).toSorted();
}

/** The header of a frame of records on its way between the TaskManagers. */
function recordFrame(subject: string, payload: Buffer): FrameHeader | undefined {
  const header = subject.includes('.data.') ? readHeader(payload) : undefined;
  return header?.kind === 'records' ? header : undefined;
}

/** Runs the job to its end; gives its result and the failures seen on the way. */
async function run(configuration: Record<string, string> = {}): Promise<{
  job: JobDetails;
  rows: string[];
  failures: Set<string>;
}> {
  const jobId = await cluster.submit(jobPath('word-count.ts'), { ...CONFIGURATION, ...configuration });
  const failures = new Set<string>();
  const job = await cluster.client.watch(jobId, ({ failure }) => {
    for (let at = failure; at !== undefined; at = at.cause) failures.add(at.message);
  });
  const rows = sorted(await cluster.client.collect(jobId, 'collect'));
  await cluster.untilRegistered(2);
  return { job, rows, failures };
}

/** Harms the third frame of records that is published from now on. */
function harm(fault: ProxyFault): () => boolean {
  let [frames, done] = [0, false];
  proxy.decide = (subject, payload) => {
    if (done || recordFrame(subject, payload) === undefined) return undefined;
    frames += 1;
    done = frames === 3;
    return done ? fault : undefined;
  };
  return () => done;
}

describe('a job whose frames meet faults between two TaskManagers', () => {
  it.each([
    ['drop', 1, /lost frames: expected sequence/],
    ['reorder', 1, /lost frames: expected sequence/],
    ['corrupt', 1, /corrupt frame: checksum/],
    ['duplicate', 0, undefined],
    ['delay', 0, undefined],
  ] as const)(
    'when a frame meets "%s", then the job restarts %i times and its result is right',
    async (fault, restarts, message) => {
      const happened = harm(fault);
      const { job, rows, failures } = await run();
      expect(happened()).toBe(true);
      expect(job).toMatchObject({ status: 'FINISHED', restarts });
      expect(rows).toEqual(expected);
      if (message !== undefined) expect([...failures].join('\n')).toMatch(message);
    },
  );

  it('when the data connection is cut, then the job restarts and its result is right', async () => {
    const happened = harm('cut');
    const { job, rows, failures } = await run();
    expect(happened()).toBe(true);
    expect(job.status).toBe('FINISHED');
    // The restart may still meet the thread that is ending.
    expect(job.restarts).toBeGreaterThan(0);
    expect(rows).toEqual(expected);
    expect([...failures].join('\n')).toMatch(/the connection to NATS .* is lost/);
  });
});

describe('compression between two TaskManagers', () => {
  it.each(['lz4', 'zstd', 'snappy', 'none'] as const)(
    'when the codec is %s, then frames carry it and the result is the same',
    async (codec) => {
      const ids = new Set<number>();
      proxy.decide = (subject, payload) => {
        const flags = recordFrame(subject, payload)?.flags;
        if (flags !== undefined) ids.add((flags & COMPRESSION_MASK) >> COMPRESSION_SHIFT);
        return undefined;
      };
      const { job, rows } = await run({ 'taskmanager.network.compression.codec': codec.toUpperCase() });
      expect(job).toMatchObject({ status: 'FINISHED', restarts: 0 });
      expect(rows).toEqual(expected);
      expect([...ids]).toContain(frameCompression(codec)?.id ?? 0);
      if (codec === 'none') expect([...ids]).toEqual([0]);
    },
  );
});

describe('large records between two TaskManagers', () => {
  const jobOf = (bytes: number): string => `import { defineJob } from 'millrace';
    export default defineJob('large records', (env) => {
      env.fromCollection([1, 2, 3, 4], 'numbers').rebalance()
        .map((n) => ({ n, text: 'x'.repeat(n * ${bytes}) })).name('grow')
        .keyBy('n').map(({ n, text }) => [n, text.length]).collect();
    });`;

  it('when they take several frames, then they arrive whole', async () => {
    proxy.decide = () => undefined;
    const jobId = await cluster.submitSource(jobOf(1_000_000), CONFIGURATION);
    expect(await cluster.client.watch(jobId)).toMatchObject({ status: 'FINISHED', restarts: 0 });
    expect(sorted(await cluster.client.collect(jobId, 'collect'))).toEqual([
      '[1,1000000]',
      '[2,2000000]',
      '[3,3000000]',
      '[4,4000000]',
    ]);
    await cluster.untilRegistered(2);
  });

  it('when one is above what a channel carries, then the job fails at once, naming operator and size', async () => {
    const jobId = await cluster.submitSource(jobOf(70_000_000), CONFIGURATION);
    const job = await cluster.client.watch(jobId);
    expect(job).toMatchObject({ status: 'FAILED', restarts: 0 });
    const messages: string[] = [];
    for (let at = job.failure; at !== undefined; at = at.cause) messages.push(at.message);
    expect(messages.join('; ')).toMatch(
      /operator "grow" .* a record of \d{8,9} bytes is larger than a channel carries/,
    );
    await cluster.untilRegistered(2);
  });
});
