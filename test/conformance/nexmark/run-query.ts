import { runJob } from '../../../actors/testing/run-job.ts';
import {
  AUCTION,
  BID,
  EventGenerator,
  PERSON,
  splitConfigs,
} from '../../../examples/nexmark/generator/index.ts';
import type {
  Auction,
  Bid,
  NexmarkEvent,
  NexmarkOptions,
  Person,
} from '../../../examples/nexmark/generator/index.ts';
import type { JobDefinition } from '../../../src/index.ts';

export const PARALLELISMS = [1, 2, 4] as const;

/** Few events a second, so that some thousands of them last through many windows. */
export const SMALL: Required<Pick<NexmarkOptions, 'numEvents' | 'firstEventRate' | 'splits' | 'seed'>> &
  Pick<NexmarkOptions, 'outOfOrderGroupSize'> = {
  numEvents: 6_000,
  firstEventRate: 100,
  splits: 4,
  seed: 7,
};

/** The configuration that gives a query these options; its rows come to the client. */
export function configurationOf(options: NexmarkOptions, more: Readonly<Record<string, string>> = {}) {
  const parameters = { ...options, events: options.numEvents, sink: 'collect', ...more };
  return Object.fromEntries(
    Object.entries(parameters).map(
      ([name, value]) => [`pipeline.global-job-parameters.${name}`, String(value)] as const,
    ),
  );
}

/** Runs a query on a simulated cluster; its rows in order of arrival. */
export async function rowsOf<T>(
  job: JobDefinition,
  options: NexmarkOptions,
  parallelism: number,
): Promise<readonly T[]> {
  const { collected } = await runJob(job, { parallelism, configuration: configurationOf(options) });
  return collected<T>();
}

export interface Everything {
  readonly all: readonly NexmarkEvent[];
  readonly persons: readonly Person[];
  readonly auctions: readonly Auction[];
  readonly bids: readonly Bid[];
}

/** Every event of the stream, by event time. */
export function everything(options: NexmarkOptions): Everything {
  const all = splitConfigs(options)
    .flatMap((config) => {
      const generator = new EventGenerator(config);
      return Array.from({ length: config.maxEvents }, (_, k) => generator.event(k));
    })
    .sort((a, b) => a.dateTime - b.dateTime);
  return {
    all,
    persons: all.filter((event): event is Person => event.eventType === PERSON),
    auctions: all.filter((event): event is Auction => event.eventType === AUCTION),
    bids: all.filter((event): event is Bid => event.eventType === BID),
  };
}

/** Rows without regard to order, nor to the order of their fields. */
export function unordered(rows: readonly unknown[]): string[] {
  return rows.map(text).toSorted();
}

function text(row: unknown): string {
  return JSON.stringify(row, (_name, value: unknown) =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : value,
  );
}

export function groupBy<T, K>(items: Iterable<T>, keyOf: (item: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return groups;
}
