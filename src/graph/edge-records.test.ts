import { describe, expect, it } from 'vitest';
import { StreamExecutionEnvironment } from '../api/environment.ts';
import type { DataStream } from '../api/data-stream.ts';
import { Types } from '../api/types.ts';
import { Time } from '../base/time.ts';
import { Aggregates } from '../functions/aggregates.ts';
import { OutputTag } from '../functions/output-tag.ts';
import { DynamicEventTimeSessionWindows, TumblingEventTimeWindows } from '../dataplane/window/index.ts';
import { Trigger } from '../functions/trigger.ts';
import type { TriggerResult } from '../functions/trigger.ts';
import { CountTrigger, EventTimeTrigger, PurgingTrigger } from '../functions/triggers.ts';
import { edgeRecords } from './edge-records.ts';
import { generateJobGraph } from './job-graph-generator.ts';

interface Bid {
  auction: number;
  bidder: number;
  price: number;
  url: string;
}
const BID = Types.record({ auction: Types.LONG, bidder: Types.LONG, price: Types.LONG, url: Types.STRING });
/** Fires at a high price. */
class Costly extends Trigger<Bid> {
  onElement(bid: Bid): TriggerResult {
    return bid.price > 100 ? 'FIRE' : 'CONTINUE';
  }
}

const WINDOW = TumblingEventTimeWindows.of(Time.seconds(10));

/** What edge after edge is known to need; the first one leaves the source. */
function fieldsOf(build: (bids: DataStream<Bid>) => void): (readonly string[] | undefined)[] {
  const env = new StreamExecutionEnvironment();
  build(env.fromCollection<Bid>([], 'bids').returns(BID));
  return edgeRecords(env.getStreamGraph(), true).map(({ fields }) => fields);
}

describe('fields that an edge needs', () => {
  it('when a window aggregates one field by a named key, then key and field are needed', () => {
    const sum = fieldsOf((bids) =>
      bids.keyBy('auction').window(WINDOW).aggregate(Aggregates.sum('price')).print(),
    );
    expect(sum).toEqual([['auction', 'price'], undefined]);
    const count = fieldsOf((bids) =>
      bids.keyBy('auction', 'bidder').window(WINDOW).aggregate(Aggregates.count()).print(),
    );
    expect(count).toEqual([['auction', 'bidder'], undefined]);
    expect(fieldsOf((bids) => bids.windowAll(WINDOW).aggregate(Aggregates.count()).print())).toEqual([
      [],
      undefined,
    ]);
  });

  it('when a trigger goes by number or time alone, then it needs no field', () => {
    const counted = fieldsOf((bids) =>
      bids.keyBy('auction').countWindow(3).aggregate(Aggregates.sum('price')).print(),
    );
    expect(counted[0]).toEqual(['auction', 'price']);
    const purged = (trigger: Trigger<Bid>): readonly string[] | undefined =>
      fieldsOf((bids) =>
        bids
          .keyBy('auction')
          .window(WINDOW)
          .trigger(PurgingTrigger.of(trigger))
          .aggregate(Aggregates.count())
          .print(),
      )[0];
    expect(purged(CountTrigger.of(2))).toEqual(['auction']);
    expect(purged(new Costly())).toBeUndefined();
    class Own extends EventTimeTrigger {}
    expect([purged(EventTimeTrigger.create()), purged(new Own())]).toEqual([['auction'], undefined]);
  });

  it('when records are handed on, then what is read of them later counts, up to a projection', () => {
    const whole = fieldsOf((bids) => bids.keyBy('auction').sum('price').print());
    expect(whole).toEqual([undefined, undefined]);
    const projected = fieldsOf((bids) =>
      bids.keyBy('auction').max('price').project('price', 'auction').print(),
    );
    expect(projected).toEqual([['auction', 'price'], ['auction', 'price'], undefined]);
    const later = fieldsOf((bids) =>
      bids
        .keyBy('auction')
        .window(WINDOW)
        .sum('price')
        .keyBy('bidder')
        .window(WINDOW)
        .aggregate(Aggregates.count())
        .print(),
    );
    expect(later).toEqual([['auction', 'bidder', 'price'], ['bidder'], undefined]);
  });

  it('when a name stands twice or is that of the prototype, then once, or no projection', () => {
    const twice = fieldsOf((bids) => bids.rebalance().project('price', 'price').print());
    expect(twice).toEqual([['price'], undefined]);
    const proto = (bids: DataStream<Bid>): void =>
      void bids
        .keyBy('__proto__' as 'auction')
        .sum('price')
        .project('price')
        .print();
    expect(fieldsOf(proto)[0]).toBeUndefined();
    expect(() => fieldsOf((bids) => bids.project('__proto__' as 'price').print())).toThrow(
      /__proto__ is none/,
    );
  });

  it('when records handed on are partitioned by a function, then it may read any field', () => {
    const by = (bids: DataStream<Bid>): void => {
      const summed = bids.keyBy('auction').sum('price');
      summed
        .partitionCustom(
          (key) => Number(key),
          (bid) => bid.bidder,
        )
        .project('price')
        .print();
    };
    expect(fieldsOf(by)).toEqual([undefined, ['price'], undefined]);
  });

  it('when one of two readers reads everything, then everything is needed', () => {
    const fields = fieldsOf((bids) => {
      const summed = bids.keyBy('auction').sum('price');
      summed.project('price').print();
      summed.print();
    });
    expect(fields[0]).toBeUndefined();
  });

  it.each<[string, (bids: DataStream<Bid>) => void]>([
    [
      'a function makes the key',
      (bids) =>
        bids
          .keyBy((bid) => bid.auction)
          .window(WINDOW)
          .aggregate(Aggregates.count())
          .print(),
    ],
    [
      'the aggregate does not say what it reads',
      (bids) =>
        bids
          .keyBy('auction')
          .window(WINDOW)
          .aggregate({ ...Aggregates.count(), fields: undefined as never })
          .print(),
    ],
    [
      'late records are kept',
      (bids) =>
        bids
          .keyBy('auction')
          .window(WINDOW)
          .sideOutputLateData(new OutputTag('late'))
          .aggregate(Aggregates.count())
          .print(),
    ],
    [
      'a trigger sees records',
      (bids) =>
        bids.keyBy('auction').window(WINDOW).trigger(new Costly()).aggregate(Aggregates.count()).print(),
    ],
    [
      'a record says how long its session is',
      (bids) =>
        bids
          .keyBy('auction')
          .window(DynamicEventTimeSessionWindows.withDynamicGap<Bid>(({ price }) => price))
          .aggregate(Aggregates.count())
          .print(),
    ],
    [
      'a function reads records',
      (bids) =>
        bids
          .rebalance()
          .map((bid) => bid.price)
          .print(),
    ],
  ])('when %s, then all fields are needed', (_what, build) => {
    expect(fieldsOf(build)[0]).toBeUndefined();
  });
});

describe('types of edges', () => {
  it('when operators hand records on, then the declared type goes with them, through a projection too', () => {
    const env = new StreamExecutionEnvironment();
    const bids = env.fromCollection<Bid>([], 'bids').returns(BID);
    bids
      .filter(() => true)
      .keyBy('auction')
      .sum('price')
      .project('price')
      .map((row) => row.price)
      .print();
    const types = edgeRecords(env.getStreamGraph(), true).map(({ type }) => type?.fingerprint);
    const projected = Types.record({ price: Types.LONG }).fingerprint;
    expect(types).toEqual([BID.fingerprint, BID.fingerprint, BID.fingerprint, projected, undefined]);
  });

  it('when a side output has a declared type, then its edge has it', () => {
    const env = new StreamExecutionEnvironment();
    const late = new OutputTag('late', Types.LONG);
    env
      .fromCollection([1])
      .map((n) => n)
      .getSideOutput(late)
      .print();
    expect(edgeRecords(env.getStreamGraph(), true)[1]?.type).toBe(Types.LONG);
  });

  it('when generic types are refused, then an edge between tasks needs a type without generic parts, chains do not', () => {
    const build = (declare: (stream: DataStream<Bid>) => DataStream<Bid>) => (): unknown => {
      const env = new StreamExecutionEnvironment();
      declare(
        env
          .fromCollection<Bid>([], 'the bids')
          .map((bid) => bid)
          .name('mapped'),
      )
        .keyBy('auction')
        .sum('price')
        .print();
      const settings = { jobName: 'job', parallelism: 1, maxParallelism: undefined, chaining: true };
      return generateJobGraph(env.getStreamGraph(), { ...settings, genericTypes: false });
    };
    expect(build((bids) => bids)).toThrow(/operator "mapped" go to another task, and have no declared type/);
    const generic = Types.record({
      ...{ auction: Types.LONG, bidder: Types.LONG, price: Types.LONG },
      url: Types.generic<string>(),
    });
    expect(build((bids) => bids.filter(() => true).returns(generic))).toThrow(
      /their type is generic in part/,
    );
    expect(build((bids) => bids.filter(() => true).returns(BID))).not.toThrow();
  });

  it('when the type or the fields of an edge change, then the hash of the graph does', () => {
    const hash = (declared: boolean): string => {
      const env = new StreamExecutionEnvironment();
      const bids = env.fromCollection<Bid>([], 'bids');
      (declared ? bids.returns(BID) : bids).rebalance().print();
      const settings = {
        jobName: 'job',
        parallelism: 1,
        maxParallelism: undefined,
        chaining: true,
        genericTypes: true,
      };
      return generateJobGraph(env.getStreamGraph(), settings).jobGraph.graphHash;
    };
    expect(hash(true)).not.toBe(hash(false));
  });
});
