import { OutputTag, ProcessFunction, Time, WatermarkStrategy } from 'millrace';
import type { Collector, DataStream, ProcessContext, StreamExecutionEnvironment } from 'millrace';
import { AUCTION, BID, NexmarkSource, PERSON } from './generator/index.ts';
import type { Auction, Bid, NexmarkEvent, NexmarkOptions, Person } from './generator/index.ts';

/** How late an event may be. */
const OUT_OF_ORDERNESS = Time.seconds(4);

/** Events come some hundred times faster than time at full speed: they are compared as often. */
const ALIGNMENT_INTERVAL = '50 ms';
const DEFAULT_EVENTS = '1000000';

/** What the job parameters say of the events; see the README for their names. */
export function optionsOf(env: StreamExecutionEnvironment): NexmarkOptions {
  const number = (name: string, fallback: string): number => Number(env.getParameter(name, fallback));
  const flag = (name: string, fallback: string): boolean => env.getParameter(name, fallback) === 'true';
  return {
    numEvents: number('events', DEFAULT_EVENTS),
    seed: number('seed', '1'),
    splits: number('splits', '4'),
    firstEventRate: number('firstEventRate', '10000'),
    outOfOrderGroupSize: number('outOfOrderGroupSize', '1'),
    maxEmitSpeed: flag('maxEmitSpeed', 'true'),
    doubleBidderOffset: flag('doubleBidderOffset', 'true'),
  };
}

/** Every event, with `dateTime` as its time. */
export function events(env: StreamExecutionEnvironment): DataStream<NexmarkEvent> {
  const eventTime = WatermarkStrategy.forBoundedOutOfOrderness<NexmarkEvent>(OUT_OF_ORDERNESS);
  const drift = env.getParameter('maxDrift', '');
  const aligned =
    drift === '' ? eventTime : eventTime.withWatermarkAlignment('nexmark', drift, ALIGNMENT_INTERVAL);
  return env.fromSource(new NexmarkSource(optionsOf(env)), aligned, 'nexmark').uid('nexmark');
}

/** The bids alone. */
export function bids(env: StreamExecutionEnvironment): DataStream<Bid> {
  return events(env)
    .flatMap<Bid>((event, out) => {
      if (event.eventType === BID) out.collect(event);
    })
    .name('bids');
}

const PERSONS = new OutputTag<Person>('persons');
const AUCTIONS = new OutputTag<Auction>('auctions');

class ByType extends ProcessFunction<NexmarkEvent, Bid> {
  processElement(event: NexmarkEvent, context: ProcessContext, out: Collector<Bid>): void {
    switch (event.eventType) {
      case BID:
        out.collect(event);
        return;
      case AUCTION:
        context.output(AUCTIONS, event);
        return;
      case PERSON:
        context.output(PERSONS, event);
    }
  }
}

export interface Views {
  readonly persons: DataStream<Person>;
  readonly auctions: DataStream<Auction>;
  readonly bids: DataStream<Bid>;
}

/** The three kinds of events as streams of their own. Each event goes one way, so none is copied. */
export function views(env: StreamExecutionEnvironment): Views {
  const split = events(env).process(new ByType()).name('by type');
  return { persons: split.getSideOutput(PERSONS), auctions: split.getSideOutput(AUCTIONS), bids: split };
}
