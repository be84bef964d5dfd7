// Query 10, log to files: every bid into the CSV file of its minute; a minute is complete when the watermark has passed it.
import { defineJob, KeyedProcessFunction } from 'millrace';
import type { Collector, KeyedProcessContext, OnTimerContext } from 'millrace';
import { dayOf, dayText, minuteOf, minuteText } from './calendar.ts';
import type { Bid } from './generator/index.ts';
import { PartitionedCsvSink } from './partitioned-csv-sink.ts';
import type { PartitionEntry } from './partitioned-csv-sink.ts';
import type { BidRow } from './q0.ts';
import { toRow } from './q0.ts';
import { bids } from './views.ts';

const MINUTE_MS = 60_000;

export const COLUMNS = ['auction', 'bidder', 'price', 'dateTime', 'extra'] as const;

/** Number of the minute of a time, counted from 1970. */
export const minuteNumber = (time: number): number => Math.floor(time / MINUTE_MS);

/** Folder of a minute, named by day and minute; a colon is no part of a file's name everywhere. */
export function partitionOf(minute: number): string {
  const time = minute * MINUTE_MS;
  return `dt=${dayText(dayOf(time))}/hm=${encodeURIComponent(minuteText(minuteOf(time)))}`;
}

/** Names the partition of each bid, and tells when it is complete: after all its bids, since both take the same way. */
class Partitioned extends KeyedProcessFunction<number, Bid, PartitionEntry<BidRow>> {
  /** Folder of the minute in hand: bids follow each other in the same one. */
  #minute = -1;
  #partition = '';

  override open(): void {
    this.#minute = -1;
  }

  processElement(
    bid: Bid,
    context: KeyedProcessContext<number>,
    out: Collector<PartitionEntry<BidRow>>,
  ): void {
    const minute = context.getCurrentKey();
    if (minute !== this.#minute) {
      this.#minute = minute;
      this.#partition = partitionOf(minute);
      context.timerService().registerEventTimeTimer((minute + 1) * MINUTE_MS - 1);
    }
    out.collect({ partition: this.#partition, row: toRow(bid) });
  }

  override onTimer(
    _time: number,
    context: OnTimerContext<number>,
    out: Collector<PartitionEntry<BidRow>>,
  ): void {
    out.collect({ partition: partitionOf(context.getCurrentKey()) });
  }
}

export default defineJob('nexmark q10', (env) => {
  const output = env.getParameter('output', 'out/nexmark-q10');
  bids(env)
    .keyBy((bid) => minuteNumber(bid.dateTime))
    .process(new Partitioned())
    .name('partitions')
    .uid('partitions')
    .sinkTo(new PartitionedCsvSink<BidRow>(output, COLUMNS))
    .name('csv files');
});
