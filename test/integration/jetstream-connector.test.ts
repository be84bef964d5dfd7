import { AckPolicy, jetstream, jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/nats-core';
import { connect } from '@nats-io/transport-node';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { JETSTREAM_PUBLISH_WINDOW } from '../../src/base/limits.ts';
import { JetStreamSink } from '../../src/connectors/jetstream/jetstream-sink.ts';
import { JetStreamSource } from '../../src/connectors/jetstream/jetstream-source.ts';
import { runSource, SourceHarness } from '../../src/connectors/test-support/run-source.ts';
import { writerContext } from '../../src/connectors/test-support/writer-context.ts';
import { bytesSchema, jsonSchema, msgpackSchema, textSchema } from '../../src/formats/schema.ts';
import type { Sink } from '../../src/functions/sink.ts';
import { until } from './cluster-under-test.ts';
import { NatsServer } from './nats-server.ts';

let server: NatsServer;
let connection: NatsConnection;
let streams = 0;
let stream = '';

beforeAll(async () => {
  server = await NatsServer.start();
  connection = await connect({ servers: server.url });
});

afterAll(async () => {
  await connection.close();
  await server.stop();
});

beforeEach(async () => {
  stream = `S${(streams += 1)}`;
  const manager = await jetstreamManager(connection);
  await manager.streams.add({ name: stream, subjects: [`${stream}.>`], allow_direct: true });
});

/** Publishes numbers as JSON under `<stream>.<index modulo subjects>`. */
async function publish(from: number, to: number, subjects = 1): Promise<void> {
  const client = jetstream(connection);
  const sent: Promise<unknown>[] = [];
  for (let index = from; index < to; index += 1)
    sent.push(client.publish(`${stream}.${index % subjects}`, JSON.stringify(index)));
  await Promise.all(sent);
}

function numbers(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, index) => from + index);
}

function bounded(
  more: Partial<ConstructorParameters<typeof JetStreamSource<number>>[0]> = {},
): JetStreamSource<number> {
  return new JetStreamSource<number>({
    servers: server.url,
    stream,
    until: 'latest',
    deserializer: jsonSchema<number>(),
    ...more,
  });
}

describe('JetStreamSource', () => {
  it('when bounded, then it reads what was there at the start, in order, and ends', async () => {
    await publish(0, 5_000);
    const run = new SourceHarness(bounded(), { maxRecords: 100 });
    await run.start();
    await publish(5_000, 5_010);
    await run.readToEnd();
    await run.close();
    expect(run.result().values).toEqual(numbers(0, 5_000));
  });

  it('when the stream is empty, then a bounded source ends at once', async () => {
    expect((await runSource(bounded())).values).toEqual([]);
  });

  it('when unbounded, then messages that come later are read, and batches carry the times they were stored', async () => {
    await publish(0, 3);
    const before = Date.now();
    const source = new JetStreamSource<number>({
      servers: server.url,
      stream,
      start: 'new',
      deserializer: jsonSchema<number>(),
    });
    expect(source.boundedness).toBe('continuous-unbounded');
    const run = new SourceHarness(source, { stopAfter: 4 });
    await run.start();
    await publish(3, 7);
    await run.readToEnd();
    expect(run.result().values).toEqual([3, 4, 5, 6]);
    await publish(7, 8);
    const reader = run.readers[0];
    await reader?.available();
    const batch = reader?.poll(10);
    if (typeof batch !== 'object') throw new Error('expected a batch');
    expect(batch.timestamps?.[0]).toBeGreaterThanOrEqual(before - 1000);
    expect(batch.timestamps?.[0]).toBeLessThanOrEqual(Date.now() + 1000);
    await run.close();
  });

  it('when messages wait, then it tells how many, and one less for each that was handed over', async () => {
    await publish(0, 50);
    const run = new SourceHarness(bounded({}), { stopAfter: 20 });
    await run.start();
    const [reader] = run.readers;
    await until('all messages are known of', () => Promise.resolve(reader?.pendingRecords?.() === 50));
    const batch = reader?.poll(20);
    if (typeof batch !== 'object') throw new Error('expected a batch');
    expect(batch.values).toHaveLength(20);
    expect(reader?.pendingRecords?.()).toBe(30);
    await run.close();
  });

  it('when subjects are given, then each is a split of its own and all together are read once', async () => {
    await publish(0, 900, 3);
    const run = await runSource(bounded({ subjects: [`${stream}.0`, `${stream}.1`, `${stream}.9`] }), {
      parallelism: 2,
    });
    expect(run.assigned).toEqual([
      `0:${stream}/${stream}.0`,
      `0:${stream}/${stream}.9`,
      `1:${stream}/${stream}.1`,
    ]);
    expect([...run.values].sort((a, b) => a - b)).toEqual(numbers(0, 900).filter((index) => index % 3 !== 2));
  });

  it('when a wildcard filters, then its last message is the end', async () => {
    await publish(0, 10, 2);
    const run = await runSource(bounded({ subjects: `${stream}.*` }));
    expect(run.values).toEqual(numbers(0, 10));
  });

  it('when it starts at a sequence or a time, then earlier messages are not read', async () => {
    await publish(0, 10);
    expect((await runSource(bounded({ start: { sequence: 8 } }))).values).toEqual([7, 8, 9]);
    await new Promise((resolve) => setTimeout(resolve, 50));
    const time = Date.now();
    await publish(10, 12);
    expect((await runSource(bounded({ start: { time } }))).values).toEqual([10, 11]);
    expect((await runSource(bounded({ start: { time: time + 3_600_000 } }))).values).toEqual([]);
  });

  it('when read on from a snapshot, then nothing is lost and nothing comes twice', async () => {
    await publish(0, 3_000);
    const first = new SourceHarness(bounded(), { stopAfter: 1_234, maxRecords: 100 });
    await first.start();
    await first.readToEnd();
    const held = structuredClone(first.readers[0]?.snapshotState() ?? []);
    await first.close();
    const second = new SourceHarness(bounded());
    second.readers[0]?.addSplits(held);
    second.readers[0]?.notifyNoMoreSplits();
    await second.readers[0]?.start();
    await second.readToEnd();
    await second.close();
    expect([...first.result().values, ...second.result().values]).toEqual(numbers(0, 3_000));
  });

  it(
    'when the last message was deleted meanwhile, then a bounded source still ends',
    { timeout: 30_000 },
    async () => {
      await publish(0, 5);
      const run = new SourceHarness(bounded());
      await run.enumerator.start();
      await (await jetstreamManager(connection)).streams.deleteMessage(stream, 5);
      for (const reader of run.readers) await reader.start();
      await run.readToEnd();
      await run.close();
      expect(run.result().values).toEqual([0, 1, 2, 3]);
    },
  );

  it('when a message is no JSON, then fail names stream, subject and sequence, and skip goes on', async () => {
    await publish(0, 1);
    await jetstream(connection).publish(`${stream}.bad`, '{"a":');
    await publish(1, 2);
    const where = `stream ${stream}, subject ${stream}.bad, sequence 2`;
    await expect(runSource(bounded())).rejects.toThrow(where);
    const run = await runSource(bounded({ badRecords: 'dead-letter' }));
    expect(run.values).toEqual([0, 1]);
    expect(run.bad).toMatchObject([{ policy: 'dead-letter', where, raw: '{"a":' }]);
  });

  it('when it reads, then no consumer is left in the server', async () => {
    await publish(0, 10);
    await runSource(bounded({ start: { time: 0 } }));
    const manager = await jetstreamManager(connection);
    expect((await manager.streams.info(stream)).state.consumer_count).toBe(0);
  });

  it(
    'when its consumer is deleted under it, then it goes on behind the last message',
    { timeout: 40_000 },
    async () => {
      await publish(0, 100);
      const source = new JetStreamSource<number>({
        servers: server.url,
        stream,
        deserializer: jsonSchema<number>(),
      });
      const run = new SourceHarness(source, { stopAfter: 200 });
      await run.start();
      const reading = run.readToEnd();
      const manager = await jetstreamManager(connection);
      await expect.poll(async () => (await manager.consumers.list(stream).next()).length).toBe(1);
      await expect.poll(() => run.count).toBe(100);
      for (const { name } of await manager.consumers.list(stream).next())
        await manager.consumers.delete(stream, name);
      await publish(100, 200);
      await reading;
      await run.close();
      expect(run.result().values).toEqual(numbers(0, 200));
    },
  );

  it('when the stream does not exist, then the error names it and the server', async () => {
    await expect(runSource(bounded({ stream: 'NOPE' }))).rejects.toThrow(
      `JetStream at ${server.url} has no stream "NOPE": create it first`,
    );
  });

  it('when the server does not answer, then the error names the URL', async () => {
    await expect(runSource(bounded({ servers: 'nats://127.0.0.1:1' }))).rejects.toThrow(
      'cannot reach NATS at nats://127.0.0.1:1',
    );
    expect(() => bounded({ servers: 'http://x' })).toThrow('is not a NATS URL');
  });
});

/** Writes as a subtask would, and ends. */
async function write<T>(sink: Sink<T>, values: Iterable<T>): Promise<void> {
  const writer = await sink.createWriter(writerContext());
  try {
    for (const value of values) {
      writer.write(value, 0);
      await writer.pending?.();
    }
    await writer.flush(true);
  } finally {
    await writer.close(false);
  }
}

describe('JetStreamSink', () => {
  let opened: { close(aborted: boolean): void | Promise<void> } | undefined;
  afterEach(async () => {
    await opened?.close(true);
    opened = undefined;
  });

  it('when records are written, then all are stored in order once flush resolves', async () => {
    const sink = new JetStreamSink<number>({
      servers: server.url,
      subject: `${stream}.x`,
      serializer: jsonSchema(),
    });
    await write(sink, numbers(0, 5_000));
    expect((await runSource(bounded())).values).toEqual(numbers(0, 5_000));
  });

  it.each([
    ['JSON', jsonSchema<unknown>(), { a: [1, null, 'é'] }],
    ['MessagePack', msgpackSchema<unknown>(), { a: [1, null, 'é', new Date(0)], big: 2n ** 60n }],
    ['text', textSchema(), 'grüße'],
    ['bytes', bytesSchema(), new Uint8Array([0, 255])],
  ])('when %s is written, then it is read back', async (_, schema, value) => {
    const options = { servers: server.url, stream, until: 'latest' as const };
    await write(
      new JetStreamSink<never>({ servers: server.url, subject: `${stream}.v`, serializer: schema as never }),
      [value as never],
    );
    const run = await runSource(new JetStreamSource<unknown>({ ...options, deserializer: schema }));
    expect(run.values).toEqual([value]);
  });

  it('when each record has a subject and an id, then they go there, and a repeated one is dropped', async () => {
    const sink = new JetStreamSink<number>({
      servers: server.url,
      subject: (value) => `${stream}.${value % 2}`,
      serializer: jsonSchema(),
      messageId: String,
    });
    await write(sink, [1, 2, 3, 2, 1]);
    expect((await runSource(bounded())).values).toEqual([1, 2, 3]);
    expect((await runSource(bounded({ subjects: `${stream}.1` }))).values).toEqual([1, 3]);
  });

  it('when the window is full, then the task waits', async () => {
    const sink: Sink<number> = new JetStreamSink<number>({
      servers: server.url,
      subject: `${stream}.x`,
      serializer: jsonSchema(),
    });
    const writer = await sink.createWriter(writerContext());
    opened = writer;
    for (let value = 0; value < JETSTREAM_PUBLISH_WINDOW; value += 1) writer.write(value, 0);
    const pending = writer.pending?.();
    expect(pending).toBeInstanceOf(Promise);
    await pending;
    expect(writer.pending?.()).toBeUndefined();
  });

  it('when no stream listens, then flush says so', async () => {
    const sink = new JetStreamSink<number>({
      servers: server.url,
      subject: 'nobody.here',
      serializer: jsonSchema(),
    });
    await expect(write(sink, [1])).rejects.toThrow(
      `no stream of JetStream at ${server.url} listens on nobody.here`,
    );
  });

  it('when the stream refuses a message, then the server’s reason is in the error', async () => {
    const manager = await jetstreamManager(connection);
    await manager.streams.update(stream, { max_msg_size: 10 });
    const sink = new JetStreamSink<string>({
      servers: server.url,
      subject: `${stream}.x`,
      serializer: textSchema(),
    });
    await expect(write(sink, ['x'.repeat(100)])).rejects.toThrow(/refused a message for S\d+\.x: .*size/);
  });

  it('when a message is larger than the server takes, then the error names both sizes', async () => {
    const sink = new JetStreamSink<string>({
      servers: server.url,
      subject: `${stream}.x`,
      serializer: textSchema(),
    });
    await expect(write(sink, ['x'.repeat(2_000_000)])).rejects.toThrow('a message of 2000000 bytes');
  });

  it('when a subject cannot be published to, then it is refused', async () => {
    expect(
      () => new JetStreamSink({ servers: server.url, subject: 'a.*', serializer: jsonSchema() }),
    ).toThrow('"a.*"');
    const sink = new JetStreamSink<string>({
      servers: server.url,
      subject: (value) => value,
      serializer: textSchema(),
    });
    await expect(write(sink, ['a b'])).rejects.toThrow('cannot publish to the subject "a b"');
  });

  it('when the server does not answer, then the error names the URL', async () => {
    const sink = new JetStreamSink({ servers: 'nats://127.0.0.1:1', subject: 'x', serializer: jsonSchema() });
    await expect(write(sink, [1])).rejects.toThrow('cannot reach NATS at nats://127.0.0.1:1');
  });
});

describe('what is left behind', () => {
  it('when consumers of others exist, then they stay', async () => {
    const manager = await jetstreamManager(connection);
    await manager.consumers.add(stream, { durable_name: 'other', ack_policy: AckPolicy.Explicit });
    await publish(0, 10);
    await runSource(bounded());
    expect((await manager.consumers.info(stream, 'other')).num_pending).toBe(10);
  });
});
