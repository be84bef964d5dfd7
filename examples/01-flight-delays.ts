// Delays of three million US flights in the first half of 2001: per airport and day, and the ten worst airports of each day.
//
//   npm start                                              in an embedded cluster, with a report at the end
//   npx millrace run examples/01-flight-delays.ts          the job alone
//
// Job parameters (-D pipeline.global-job-parameters.<name>=<value>): `input`, the Parquet file; `output`, a folder.
import { join } from 'node:path';
import { defineJob, FileSink, FileSource, Time, TumblingEventTimeWindows, WatermarkStrategy } from 'millrace';
import type { AggregateFunction, ProcessWindowContext } from 'millrace';

/** A row of the file, as far as the job needs it: other columns are not read. */
interface Flight {
  /** Departure, local time, ms. */
  readonly date: number;
  /** Minutes late at arrival; negative when early. */
  readonly delay: number;
  readonly origin: string;
}

interface DayTotals {
  flights: number;
  delay: number;
  late: number;
  worst: number;
}

/** What is written per airport and day. */
interface AirportDay {
  readonly origin: string;
  readonly day: string;
  readonly flights: number;
  readonly meanDelay: number;
  readonly shareLate: number;
  readonly worstDelay: number;
}

type RankedAirport = AirportDay & { readonly rank: number };

/** A flight counts as late from the 16th minute on. */
const LATE_MINUTES = 15;
const RANKED_AIRPORTS = 10;
/** Airports with fewer flights on a day are not ranked: one late plane would make them the worst of the country. */
const RANKED_FLIGHTS_MIN = 20;

const dayTotals: AggregateFunction<Flight, DayTotals, DayTotals> = {
  createAccumulator: () => ({ flights: 0, delay: 0, late: 0, worst: -Infinity }),
  add: ({ delay }, totals) => {
    totals.flights += 1;
    totals.delay += delay;
    if (delay > LATE_MINUTES) totals.late += 1;
    if (delay > totals.worst) totals.worst = delay;
  },
  getResult: (totals) => totals,
};

function airportDay(origin: string, { window }: ProcessWindowContext, totals: DayTotals): AirportDay {
  return {
    origin,
    day: new Date(window.start).toISOString().slice(0, 10),
    flights: totals.flights,
    meanDelay: round(totals.delay / totals.flights, 2),
    shareLate: round(totals.late / totals.flights, 4),
    worstDelay: totals.worst,
  };
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}

/** The worst airports first; equal ones by name, so that every run ranks alike. */
function* worst(days: Iterable<AirportDay>): Generator<RankedAirport> {
  const ranked = [...days]
    .filter(({ flights }) => flights >= RANKED_FLIGHTS_MIN)
    .sort((a, b) => b.meanDelay - a.meanDelay || (a.origin < b.origin ? -1 : 1));
  for (const [index, day] of ranked.slice(0, RANKED_AIRPORTS).entries()) yield { ...day, rank: index + 1 };
}

export default defineJob('flight-delays', (env) => {
  const input = env.getParameter('input', 'node_modules/vega-datasets/data/flights-3m.parquet');
  const output = env.getParameter('output', 'out');

  // The file is in the order of departure. Row groups are read side by side, in that order, and event time follows the one
  // that is furthest behind, so that an hour is far more than enough.
  const eventTime = WatermarkStrategy.forBoundedOutOfOrderness<Flight>(Time.hours(1)).withTimestampAssigner(
    (flight) => flight.date,
  );

  const airportDays = env
    .fromSource(
      FileSource.parquet<Flight>(input, { columns: ['date', 'delay', 'origin'] }),
      eventTime,
      'flights',
    )
    .keyBy('origin')
    .window(TumblingEventTimeWindows.of(Time.days(1)))
    .aggregate<DayTotals, DayTotals, AirportDay>(dayTotals, (origin, context, [totals], out) => {
      if (totals !== undefined) out.collect(airportDay(origin, context, totals));
    })
    .name('delays per airport and day')
    .uid('airport-days');

  airportDays
    .sinkTo(
      FileSink.csv<AirportDay>(join(output, 'flight-delays'), {
        columns: ['origin', 'day', 'flights', 'meanDelay', 'shareLate', 'worstDelay'],
      }),
    )
    .name('flight delays');

  airportDays
    .keyBy('day')
    .window(TumblingEventTimeWindows.of(Time.days(1)))
    .process<RankedAirport>((_day, _context, days, out) => {
      for (const airport of worst(days)) out.collect(airport);
    })
    .name('worst airports per day')
    .uid('worst-airports')
    .sinkTo(
      FileSink.csv<RankedAirport>(join(output, 'worst-airports'), {
        columns: ['day', 'rank', 'origin', 'flights', 'meanDelay', 'shareLate', 'worstDelay'],
      }),
    )
    .name('worst airports');
});

// Started by itself, the module runs its own job; loaded by a cluster, it only exports it.
if (import.meta.main) {
  const { runAndReport } = await import('./flight-delays/run-and-report.ts');
  process.exitCode = await runAndReport(new URL(import.meta.url));
}
