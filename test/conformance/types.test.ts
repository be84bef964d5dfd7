import { describe, expect, it } from 'vitest';
import { runJob } from '../../actors/testing/run-job.ts';
import { rootCause, serializeError } from '../../src/base/errors.ts';
import type { RunJobResult } from '../../actors/testing/run-job.ts';
import { NexmarkSource } from '../../examples/nexmark/generator/index.ts';
import type { Bid, NexmarkEvent } from '../../examples/nexmark/generator/index.ts';
import {
  Aggregates,
  defineJob,
  Time,
  TumblingEventTimeWindows,
  Types,
  ValueStateDescriptor,
  WatermarkStrategy,
} from '../../src/index.ts';
import type {
  AggregateFunction,
  DataStream,
  JobDefinition,
  StreamExecutionEnvironment,
  TypeInformation,
} from '../../src/index.ts';
import { SMALL, unordered } from './nexmark/run-query.ts';

const PARALLEL = { parallelism: 4, taskManagers: 2 };

const BID = Types.record({
  eventType: Types.INT as TypeInformation<2>,
  auction: Types.LONG,
  bidder: Types.LONG,
  price: Types.LONG,
  channel: Types.STRING,
  url: Types.STRING,
  dateTime: Types.LONG,
  extra: Types.STRING,
});

const BID_FIELDS = ['eventType', 'auction', 'bidder', 'price', 'channel', 'url', 'dateTime', 'extra'];
const TEXTS = new Set(['channel', 'url', 'extra']);

function bids(env: StreamExecutionEnvironment): DataStream<Bid> {
  const byTime = WatermarkStrategy.forBoundedOutOfOrderness<NexmarkEvent>(Time.seconds(4));
  return env.fromSource(new NexmarkSource(SMALL), byTime, 'nexmark').flatMap<Bid>((event, out) => {
    if (event.eventType === 2) out.collect(event);
  });
}

function sent(result: RunJobResult): { bytes: number; records: number; mistyped: number } {
  const counters = result.job.vertices[0]?.subtasks.map((subtask) => subtask.counters) ?? [];
  const sum = (name: 'numBytesOut' | 'numRecordsOut' | 'numRecordsOutMistyped'): number =>
    counters.reduce((total, each) => total + (each?.[name] ?? 0), 0);
  return { bytes: sum('numBytesOut'), records: sum('numRecordsOut'), mistyped: sum('numRecordsOutMistyped') };
}

/** Bids per auction; `aggregate` says which fields it reads, or does not. */
function counted(aggregate: AggregateFunction<unknown, { count: number }, number>): JobDefinition {
  return defineJob('bids per auction', (env) => {
    bids(env)
      .keyBy('auction')
      .window(TumblingEventTimeWindows.of(Time.seconds(10)))
      .aggregate<{ count: number }, number, object>(aggregate, (auction, { window }, [count], out) =>
        out.collect({ auction, count, end: window.end }),
      )
      .collect();
  });
}

describe('field projection', () => {
  it('when a window counts by a named field, then a fraction of the bytes crosses, with the same result', async () => {
    const { fields: _fields, ...silent } = Aggregates.count();
    const [projected, whole] = [
      await runJob(counted(Aggregates.count()), PARALLEL),
      await runJob(counted(silent), PARALLEL),
    ];
    expect(whole.collected().length).toBeGreaterThan(0);
    expect(unordered(projected.collected())).toEqual(unordered(whole.collected()));
    expect(sent(projected).records).toBe(sent(whole).records);
    expect(sent(projected).bytes).toBeLessThan(sent(whole).bytes / 5);
  });

  it('when the job runs in BATCH mode, then rows are those of STREAMING', async () => {
    const batch = { ...PARALLEL, configuration: { 'execution.runtime-mode': 'BATCH' } };
    const rows = unordered((await runJob(counted(Aggregates.count()), batch)).collected());
    expect(rows).toEqual(unordered((await runJob(counted(Aggregates.count()), PARALLEL)).collected()));
  });

  it('when a rolling maximum is projected behind the exchange, then rows are as without pushing it down', async () => {
    const job = (
      project: (maxima: DataStream<Bid>) => DataStream<Pick<Bid, 'auction' | 'price'>>,
    ): JobDefinition =>
      defineJob('maxima', (env) => {
        project(bids(env).keyBy('auction').max('price')).collect();
      });
    const pushed = await runJob(
      job((maxima) => maxima.project('auction', 'price')),
      PARALLEL,
    );
    const mapped = await runJob(
      job((maxima) => maxima.map(({ auction, price }) => ({ auction, price }))),
      PARALLEL,
    );
    expect(unordered(pushed.collected())).toEqual(unordered(mapped.collected()));
    expect(sent(pushed).bytes).toBeLessThan(sent(mapped).bytes / 3);
  });
});

describe('declared types', () => {
  const rows = (declare: (stream: DataStream<Bid>) => DataStream<Bid>): JobDefinition =>
    defineJob('declared', (env) => {
      declare(bids(env))
        .keyBy((bid) => bid.bidder)
        .map((bid) => bid)
        .collect();
    });
  const declared = (stream: DataStream<Bid>): DataStream<Bid> => stream.filter(() => true).returns(BID);

  it('when a stream is declared, then its records arrive as they do undeclared, and none is mistyped', async () => {
    const [typed, learned] = [
      await runJob(rows(declared), PARALLEL),
      await runJob(
        rows((stream) => stream),
        PARALLEL,
      ),
    ];
    expect(typed.collected().length).toBeGreaterThan(0);
    expect(unordered(typed.collected())).toEqual(unordered(learned.collected()));
    expect(sent(typed).mistyped).toBe(0);
  });

  it('when a stream is declared as Avro, then its records arrive as they do undeclared, and none is mistyped', async () => {
    const fields = BID_FIELDS.map((name) => ({ name, type: TEXTS.has(name) ? 'string' : 'long' }));
    const avro = Types.avro<Bid>({ type: 'record', name: 'Bid', fields });
    const configuration = { 'pipeline.generic-types': 'false' };
    const job = rows((stream) => stream.filter(() => true).returns(avro));
    const strict = await runJob(
      defineJob('avro', (env) => {
        bids(env)
          .filter(() => true)
          .returns(avro)
          .keyBy('bidder')
          .max('price')
          .collect();
      }),
      { ...PARALLEL, configuration },
    );
    expect(sent(strict).mistyped).toBe(0);
    const [typed, learned] = [
      await runJob(job, PARALLEL),
      await runJob(
        rows((stream) => stream),
        PARALLEL,
      ),
    ];
    expect(unordered(typed.collected())).toEqual(unordered(learned.collected()));
    expect(sent(typed).mistyped).toBe(0);
  });

  it('when declared streams are joined and generic types refused, then no edge lacks a type', async () => {
    const job = defineJob('join', (env) => {
      const typed = declared(bids(env));
      typed
        .join(typed)
        .where((bid) => bid.auction)
        .equalTo((bid) => bid.auction)
        .window(TumblingEventTimeWindows.of(Time.seconds(10)))
        .apply((a, b) => a.price - b.price)
        .collect();
    });
    const result = await runJob(job, { ...PARALLEL, configuration: { 'pipeline.generic-types': 'false' } });
    expect(result.collected().length).toBeGreaterThan(0);
  });

  const broken = rows((stream) =>
    stream
      .map<Bid>((bid) => (bid.price % 2 === 0 ? { ...bid, channel: undefined as unknown as string } : bid))
      .name('odd')
      .returns(BID),
  );

  it('when records are not of their type, then they arrive and are counted, or fail the job by name', async () => {
    const result = await runJob(broken, PARALLEL);
    const odd = result.collected<Bid>().filter((bid) => bid.channel === undefined).length;
    expect(odd).toBeGreaterThan(0);
    const { mistyped } = sent(result);
    // Those that stayed in their slot were not looked at.
    expect([mistyped > 0, mistyped <= odd]).toEqual([true, true]);
    const configuration = { 'pipeline.generic-types': 'false' };
    const strict = runJob(
      defineJob('strict', (env) => {
        const stream = bids(env)
          .map<Bid>((bid) => ({ ...bid, price: `${bid.price}` as unknown as number }))
          .name('odd')
          .returns(BID);
        stream
          .keyBy('bidder')
          .max('price')
          .returns(BID)
          .forward()
          .map((bid) => bid)
          .collect();
      }),
      { ...PARALLEL, configuration },
    );
    const failure = await strict.then(String, (error: unknown) => rootCause(serializeError(error)).message);
    expect(failure).toMatch(/field "price" of a record of operator "odd".*expected LONG, found string/);
  });

  it('when avro or kryo is forced, then it is refused with the way to declare', async () => {
    for (const [key, cure] of [
      ['pipeline.force-avro', /Types\.avro\(schema\)/],
      ['pipeline.force-kryo', /Types\.generic\(\)/],
    ] as const) {
      await expect(runJob(rows(declared), { configuration: { [key]: 'true' } })).rejects.toThrow(cure);
      await expect(runJob(rows(declared), { configuration: { [key]: 'false' } })).resolves.toBeDefined();
    }
  });

  it('when a state descriptor has a type, then its default is still its own', () => {
    expect(new ValueStateDescriptor('count', Types.LONG, 0)).toMatchObject({
      valueType: Types.LONG,
      defaultValue: 0,
    });
    expect(new ValueStateDescriptor('count', 5)).toMatchObject({ valueType: undefined, defaultValue: 5 });
  });
});
