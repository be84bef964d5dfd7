import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import type { JetStreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/nats-core';
import { connect } from '@nats-io/transport-node';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { AtomicCommitter } from '../../src/connectors/jetstream/atomic-committer.ts';
import { resolveServers } from '../../src/connectors/jetstream/connection.ts';
import type { StagedChunk } from '../../src/connectors/jetstream/staged-chunk.ts';
import { JetStreamSink } from '../../src/connectors/jetstream/jetstream-sink.ts';
import type { JetStreamSinkOptions } from '../../src/connectors/jetstream/jetstream-sink.ts';
import { JetStreamSource } from '../../src/connectors/jetstream/jetstream-source.ts';
import { SourceHarness, runSource } from '../../src/connectors/test-support/run-source.ts';
import { writerContext } from '../../src/connectors/test-support/writer-context.ts';
import { SinkJob } from '../../src/dataplane/test-support/sink-job.ts';
import { jsonSchema } from '../../src/formats/schema.ts';
import { DeliveryGuarantee } from '../../src/functions/sink.ts';
import type { CommitRequest, Sink } from '../../src/functions/sink.ts';
import { noAtomicBatches } from './atomic-batches.ts';
import { NatsServer } from './nats-server.ts';

let server: NatsServer;
let connection: NatsConnection;
let manager: JetStreamManager;
let streams = 0;
let stream = '';

beforeAll(async () => {
  server = await NatsServer.start();
  connection = await connect({ servers: server.url });
  manager = await jetstreamManager(connection);
});

afterAll(async () => {
  await connection.close();
  await server.stop();
});

async function addStream(more: Record<string, unknown> = {}): Promise<void> {
  stream = `X${(streams += 1)}`;
  await manager.streams.add({
    name: stream,
    subjects: [`${stream}.>`],
    allow_atomic: true,
    ...more,
  } as never);
}

beforeEach(() => addStream());

type Options = Partial<JetStreamSinkOptions<number>>;

function sink(more: Options = {}): JetStreamSink<number> {
  return new JetStreamSink<number>({
    servers: server.url,
    subject: `${stream}.out`,
    serializer: jsonSchema(),
    deliveryGuarantee: DeliveryGuarantee.EXACTLY_ONCE,
    ...more,
    exactlyOnce: { acceptUnsafeStream: true, ...more.exactlyOnce },
  });
}

const upTo = (end: number): number[] => Array.from({ length: end }, (_, index) => index);
const inOrder = (values: readonly number[]): number[] => values.toSorted((a, b) => a - b);

async function stored(): Promise<readonly number[]> {
  const source = new JetStreamSource<number>({
    servers: server.url,
    stream,
    until: 'latest',
    deserializer: jsonSchema<number>(),
  });
  return (await runSource(source)).values;
}

const jobs: SinkJob[] = [];
function jobOf(make: () => Sink<never>, last = true): SinkJob {
  const job = new SinkJob(make, last);
  jobs.push(job);
  return job;
}

afterEach(async () => {
  for (const job of jobs.splice(0))
    for (const { chain } of job.subtasks) await chain.close(true).catch(() => {});
});

/** Ends the processes of a job: their connections are closed, nothing is said. */
async function kill(job: SinkJob): Promise<void> {
  for (const { chain } of job.subtasks) await chain.close(true).catch(() => {});
  job.crash();
}

type Act =
  | { readonly kind: 'write'; readonly records: number }
  | { readonly kind: 'snapshot' | 'decide' | 'notify' }
  | { readonly kind: 'kill'; readonly parallelism: number; readonly inCommit: boolean };

const acts: fc.Arbitrary<Act> = fc.oneof(
  fc.record({ kind: fc.constant('write' as const), records: fc.integer({ min: 1, max: 40 }) }),
  fc.record({ kind: fc.constantFrom('snapshot', 'decide', 'notify') }),
  fc.record({
    kind: fc.constant('kill' as const),
    parallelism: fc.integer({ min: 1, max: 3 }),
    inCommit: fc.boolean(),
  }),
);

/** A checkpoint that was decided and never told of: its commit comes after the restart, maybe for the second time. */
const DECIDED_AND_KILLED: readonly Act[] = [
  { kind: 'write', records: 21 },
  { kind: 'snapshot' },
  { kind: 'decide' },
  { kind: 'write', records: 35 },
  { kind: 'kill', parallelism: 3, inCommit: true },
];

/** Returns what is stored in the end. */
async function play(
  script: readonly Act[],
  more: Options,
): Promise<{ stored: readonly number[]; written: number }> {
  await addStream();
  const job = jobOf(() => sink(more));
  await job.start(2);
  let [taken, decided]: [number[], number[]] = [[], []];
  for (const act of script) {
    switch (act.kind) {
      case 'write':
        job.write(act.records);
        break;
      case 'snapshot':
        taken.push(await job.snapshot());
        break;
      case 'decide':
        decided.push(...taken.splice(0, 1));
        if (decided.length > 0) job.decide(decided.at(-1) as number);
        break;
      case 'notify':
        for (const id of decided.splice(0)) await job.notify(id);
        break;
      case 'kill': {
        // Some batches are on their way when the process dies; the server may have stored them or not.
        if (act.inCommit) for (const id of decided) void job.notify(id).catch(() => {});
        await kill(job);
        [taken, decided] = [[], []];
        await job.start(act.parallelism);
        expect(inOrder(await stored())).toEqual(upTo(job.decided));
      }
    }
  }
  await job.end();
  return { stored: inOrder(await stored()), written: job.next };
}

const WAYS: [string, Options][] = [
  ['deduplication', { exactlyOnce: { by: 'deduplication', maximumOutage: '1 min' } }],
];
if (noAtomicBatches === '')
  WAYS.push(['atomic batches', {}], ['atomic batches of packed records', { packBytes: 30 }]);

describe('JetStreamSink, exactly once', () => {
  it.each(WAYS)(
    'when it is killed anywhere and comes back at any parallelism with %s, then every record is stored once',
    { timeout: 120_000 },
    async (_name, more) => {
      await fc.assert(
        fc.asyncProperty(fc.array(acts, { maxLength: 14 }), async (script) => {
          const run = await play(script, more);
          expect(run.stored).toEqual(upTo(run.written));
        }),
        { numRuns: 15, endOnFailure: true, examples: [[DECIDED_AND_KILLED]] },
      );
    },
  );
});

describe.skipIf(noAtomicBatches !== '')(`JetStreamSink by atomic batches ${noAtomicBatches}`, () => {
  it('when a checkpoint has more than a batch takes, then it is stored in several, in order, and none comes twice', async () => {
    const job = jobOf(() => sink());
    await job.start(1);
    job.write(2_500);
    const id = await job.snapshot();
    expect(await stored()).toEqual([]);
    job.decide(id);
    await job.notify(id);
    expect(await stored()).toEqual(upTo(2_500));
    const counts = async (): Promise<number[]> => {
      const { state } = await manager.streams.info(stream, { subjects_filter: '>' });
      return Object.values(state.subjects ?? {}).sort((a, b) => a - b);
    };
    // Of the notes about commits the last one stays.
    await expect.poll(counts).toEqual([1, 2_500]);
  });

  it('when the answers to some batches are lost, then the commit that comes again stores the rest only', async () => {
    const stem = 'job/op/0';
    const chunk = (from: number): StagedChunk => ({
      messages: [from, from + 1].map((n) => ({
        subject: `${stream}.out`,
        payload: Buffer.from(String(n)),
        records: 0,
      })),
      preparedAt: 0,
    });
    const already = new Set<string>();
    const requests: CommitRequest<StagedChunk>[] = [0, 1, 2].map((index) => ({
      committable: chunk(index * 2),
      checkpointId: 7,
      subtask: 0,
      stem,
      id: `${stem}/7/${index}`,
      recovered: false,
      signalAlreadyCommitted: () => void already.add(`${stem}/7/${index}`),
    }));
    const servers = resolveServers({ servers: server.url }, 'test');
    const options = { servers, connection, stream, commitSubject: `${stream}.c`, markersNeverExpire: false };
    await new AtomicCommitter(options).begin(stem, false, undefined);
    const first = new AtomicCommitter(options);
    await first.commit(requests.slice(0, 2));
    expect([first.bytesSent(), already.size]).toEqual([4, 0]);
    const zombie = new AtomicCommitter(options);
    const [again, other] = await Promise.allSettled([
      new AtomicCommitter(options).commit(requests),
      zombie.commit(requests),
    ]);
    if (again.status === 'rejected') await new AtomicCommitter(options).commit(requests);
    if (other.status === 'rejected') await zombie.commit(requests);
    expect(await stored()).toEqual([0, 1, 2, 3, 4, 5]);
    expect([...already]).toEqual(expect.arrayContaining([`${stem}/7/0`, `${stem}/7/1`]));
  });

  it(
    'when the server is away, then the commit is tried again until it is back',
    { timeout: 60_000 },
    async () => {
      const own = await NatsServer.start();
      try {
        const admin = await connect({ servers: own.url });
        await (
          await jetstreamManager(admin)
        ).streams.add({ name: 'S', subjects: ['s.>'], allow_atomic: true } as never);
        await admin.close();
        const job = jobOf(() => sink({ servers: own.url, subject: 's.out' }));
        await job.start(1);
        job.write(3);
        const id = await job.snapshot();
        job.decide(id);
        await own.kill();
        let committed = false;
        const committing = job.notify(id).then(() => (committed = true));
        await expect.poll(() => job.subtasks[0]?.counters.retriedCommittables, { timeout: 30_000 }).toBe(1);
        await own.restart();
        while (!committed) {
          await job.subtasks[0]?.clock.runFor(1_000);
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
        await committing;
        const source = new JetStreamSource<number>({
          servers: own.url,
          stream: 'S',
          until: 'latest',
          deserializer: jsonSchema<number>(),
        });
        expect((await runSource(source)).values).toEqual([0, 1, 2]);
        await kill(job);
      } finally {
        await own.stop();
      }
    },
  );

  it('when the marker is gone, then the job fails by name instead of guessing', async () => {
    const job = jobOf(() => sink());
    await job.start(1);
    job.write(1);
    await job.checkpoint();
    job.write(1);
    const id = await job.snapshot();
    job.decide(id);
    await kill(job);
    await manager.streams.purge(stream, { filter: `${stream}.out.millrace-commit.>` });
    await expect(job.start(1)).rejects.toMatchObject({ name: 'CommitMarkerLostError', retryable: false });
  });

  it('when the job goes on from an older checkpoint than was committed, then it is refused', async () => {
    const job = jobOf(() => sink());
    await job.start(1);
    job.write(1);
    await job.snapshot().then((id) => job.notify(id));
    await kill(job);
    await expect(job.start(1)).rejects.toMatchObject({ name: 'CommitsAheadError', retryable: false });
  });

  it('when the job takes no checkpoints and runs again from its start, then the end of the input is stored once', async () => {
    const job = jobOf(() => sink(), false);
    await job.start(2);
    job.write(10);
    await job.end();
    job.crash();
    await job.start(2);
    job.write(10);
    await job.end();
    expect(inOrder(await stored())).toEqual(upTo(10));
  });

  it('when messages age out, then markers stay, or the stream is refused', async () => {
    await addStream({ max_age: 1e9 });
    await expect(jobOf(() => sink()).start(1)).rejects.toThrow('set allow_msg_ttl');
    await addStream({ max_age: 2e9, allow_msg_ttl: true });
    const job = jobOf(() => sink());
    await job.start(1);
    job.write(1);
    await job.checkpoint();
    const left = async (): Promise<number> => (await manager.streams.info(stream)).state.messages;
    await expect.poll(left, { timeout: 10_000 }).toBe(1);
    job.write(1);
    await job.checkpoint();
    expect(await stored()).toEqual([1]);
  }, 20_000);

  it('when the stream or its options cannot hold the promise, then the sink is refused with the reason', async () => {
    const strict = { exactlyOnce: { acceptUnsafeStream: false } };
    await expect(jobOf(() => sink(strict)).start(1)).rejects.toThrow('it has 1 replica(s)');
    await addStream({ storage: 'memory' });
    await expect(jobOf(() => sink(strict)).start(1)).rejects.toThrow('it is stored in memory');
    await addStream({ allow_atomic: false });
    await expect(jobOf(() => sink()).start(1)).rejects.toThrow('set allow_atomic on the stream');
    const long = { exactlyOnce: { by: 'deduplication', maximumOutage: '1 h' } } as const;
    await expect(jobOf(() => sink(long)).start(1)).rejects.toThrow('make its duplicate_window longer');
    await expect(jobOf(() => sink({ subject: 'nobody.here' })).start(1)).rejects.toThrow(
      'no stream of JetStream listens on nobody.here.millrace-commit',
    );
    expect(() => sink({ exactlyOnce: { by: 'deduplication' } })).toThrow('needs maximumOutage');
    expect(() => sink({ subject: () => 'a' })).toThrow('commitSubject');
    expect(() => sink({ messageId: String })).toThrow('messageId');
  });
});

describe('packed records', () => {
  it.each([DeliveryGuarantee.AT_LEAST_ONCE, DeliveryGuarantee.NONE])(
    'when written %s, then they are read one by one, in order, also those of other subjects and large ones',
    async (deliveryGuarantee) => {
      const values = Array.from({ length: 1_000 }, (_, n) => `${n}`.padEnd(n % 100 === 0 ? 5_000 : 10));
      const packed = new JetStreamSink<string>({
        servers: server.url,
        subject: (value) => `${stream}.${Number(value) % 7 === 0 ? 'a' : 'b'}`,
        serializer: jsonSchema(),
        packBytes: 200,
        deliveryGuarantee,
      });
      const writer = await packed.createWriter(writerContext());
      for (const value of values) writer.write(value, 0);
      await writer.flush(true);
      await writer.close(false);
      const source = new JetStreamSource<string>({
        servers: server.url,
        stream,
        until: 'latest',
        deserializer: jsonSchema<string>(),
      });
      expect((await runSource(source, { maxRecords: 10 })).values).toEqual(values);
      expect((await manager.streams.info(stream)).state.messages).toBeLessThan(500);
    },
  );
});

describe('JetStreamSource that goes on from a checkpoint', () => {
  const source = (more: object = {}): JetStreamSource<number> =>
    new JetStreamSource<number>({ servers: server.url, stream, deserializer: jsonSchema<number>(), ...more });

  async function publish(from: number, to: number): Promise<void> {
    const client = jetstream(connection);
    for (let n = from; n < to; n += 1) await client.publish(`${stream}.${n % 3}`, JSON.stringify(n));
  }

  it(
    'when it is read in several lives at changing parallelism, then every message comes once',
    { timeout: 60_000 },
    async () => {
      await publish(0, 300);
      const subjects = [0, 1, 2].map((n) => `${stream}.${n}`);
      const values: number[] = [];
      let restored: ReturnType<SourceHarness<number, never>['snapshot']> | undefined;
      for (const [parallelism, stopAfter] of [
        [2, 50],
        [1, 60],
        [3, 0],
        [2, 70],
        [2, Infinity],
      ] as const) {
        const run = new SourceHarness(
          source({ subjects, until: 'latest' }) as never,
          { parallelism, stopAfter, maxRecords: 9 },
          restored,
        ) as SourceHarness<number, never>;
        await run.start();
        await run.readToEnd();
        restored = run.snapshot();
        values.push(...run.result().values);
        await run.close();
      }
      expect(inOrder(values)).toEqual(upTo(300));
    },
  );

  async function readSome(): Promise<ReturnType<SourceHarness<number, never>['snapshot']>> {
    const run = new SourceHarness(source() as never, { stopAfter: 5, maxRecords: 5 }) as SourceHarness<
      number,
      never
    >;
    await run.start();
    await run.readToEnd();
    const snapshot = run.snapshot();
    await run.close();
    return snapshot;
  }

  async function goOn(
    from: Awaited<ReturnType<typeof readSome>>,
    more: object = {},
  ): Promise<readonly number[]> {
    const run = new SourceHarness(source(more) as never, { stopAfter: 1, maxRecords: 5 }, from);
    await run.start();
    try {
      await run.readToEnd();
      return run.result().values as readonly number[];
    } finally {
      await run.close();
    }
  }

  it('when the stream was made anew, then it is refused by name', async () => {
    await publish(0, 10);
    const snapshot = await readSome();
    await manager.streams.delete(stream);
    await manager.streams.add({ name: stream, subjects: [`${stream}.>`] });
    await publish(0, 10);
    await expect(goOn(snapshot)).rejects.toMatchObject({ name: 'StreamRecreatedError', retryable: false });
  });

  it('when messages were removed unread, then it is refused, or goes on where that is wanted', async () => {
    await publish(0, 10);
    const snapshot = await readSome();
    await manager.streams.purge(stream, { seq: 9 });
    await expect(goOn(snapshot)).rejects.toMatchObject({ name: 'MessagesLostError', retryable: false });
    expect((await goOn(snapshot, { lostMessages: 'skip' }))[0]).toBe(8);
  });

  it('when the stream ends before what was read, then it is refused by name', async () => {
    await publish(0, 10);
    const snapshot = await readSome();
    const [[split]] = snapshot.held as unknown as [[{ next: number }]];
    split.next = 1_000;
    await expect(goOn(snapshot)).rejects.toMatchObject({ name: 'StreamTruncatedError', retryable: false });
  });
});
