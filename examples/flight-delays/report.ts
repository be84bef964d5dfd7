import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** A row of the job's CSV files; their fields hold neither commas nor quotes. */
export type Row = Readonly<Record<string, string>>;

interface Airport {
  readonly origin: string;
  readonly flights: number;
  readonly meanDelay: number;
  readonly shareLate: number;
  readonly worstDelay: number;
  /** Days among the ten worst of the country. */
  readonly worstDays: number;
}

const AIRPORTS_SHOWN = 10;
const FLIGHTS_MIN = 5_000;

/** Reads what the job wrote back and says it in a few lines. */
export async function report(folder: string): Promise<string> {
  const delays = join(folder, 'flight-delays');
  const worst = join(folder, 'worst-airports');
  const days = await readRows(delays);
  const ranked = await readRows(worst);
  const airports = summarize(days, ranked);
  const flights = sum(airports, ({ flights: count }) => count);
  const late = sum(airports, ({ flights: count, shareLate }) => count * shareLate);
  const shown = airports
    .filter(({ flights: count }) => count >= FLIGHTS_MIN)
    .sort((a, b) => b.meanDelay - a.meanDelay)
    .slice(0, AIRPORTS_SHOWN);
  const dayCount = new Set(days.map((row) => row['day'])).size;
  return [
    `Airports with the longest delays (of those with at least ${grouped(FLIGHTS_MIN)} flights):`,
    '',
    ...table(shown),
    '',
    `${grouped(flights)} flights from ${airports.length} airports on ${dayCount} days, ` +
      `${percent(late / flights)} of them more than 15 minutes late.`,
    '',
    `${grouped(days.length)} rows per airport and day:  ${delays}`,
    `${grouped(ranked.length)} rows of daily worst tens:    ${worst}`,
  ].join('\n');
}

/** All rows of the CSV part files in a folder. */
export async function readRows(folder: string): Promise<readonly Row[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.csv')).sort();
  const texts = await Promise.all(names.map((name) => readFile(join(folder, name), 'utf8')));
  return texts.flatMap((text) => {
    const [header = '', ...lines] = text.trimEnd().split('\n');
    const columns = header.split(',');
    return lines.map((line) => {
      const fields = line.split(',');
      return Object.fromEntries(columns.map((column, index) => [column, fields[index] ?? '']));
    });
  });
}

function summarize(days: readonly Row[], ranked: readonly Row[]): readonly Airport[] {
  const worstDays = Map.groupBy(ranked, (row) => row['origin'] ?? '');
  return [...Map.groupBy(days, (row) => row['origin'] ?? '')].map(([origin, rows]) => {
    const flights = sum(rows, (row) => Number(row['flights']));
    const mean = (field: string): number =>
      sum(rows, (row) => Number(row[field]) * Number(row['flights'])) / flights;
    return {
      origin,
      flights,
      meanDelay: mean('meanDelay'),
      shareLate: mean('shareLate'),
      worstDelay: rows.reduce((worst, row) => Math.max(worst, Number(row['worstDelay'])), -Infinity),
      worstDays: worstDays.get(origin)?.length ?? 0,
    };
  });
}

function table(airports: readonly Airport[]): readonly string[] {
  const rows = [
    ['airport', 'flights', 'mean delay', 'late', 'worst', 'days in the worst ten'],
    ...airports.map((airport) => [
      airport.origin,
      grouped(airport.flights),
      `${airport.meanDelay.toFixed(1)} min`,
      percent(airport.shareLate),
      hours(airport.worstDelay),
      String(airport.worstDays),
    ]),
  ];
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const lines = rows.map((row) =>
    row
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join('  '),
  );
  return lines
    .toSpliced(1, 0, widths.map((width) => '─'.repeat(width)).join('  '))
    .map((line) => `  ${line}`);
}

function sum<T>(values: readonly T[], of: (value: T) => number): number {
  return values.reduce((total, value) => total + of(value), 0);
}

function grouped(value: number): string {
  return value.toLocaleString('en-US');
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

function hours(minutes: number): string {
  return minutes < 60
    ? `${minutes} min`
    : `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, '0')}`;
}
