import type { Bench } from '../bench.ts';
import { runJobEmbedded } from '../run-job.ts';

const WINDOWS = new URL('../jobs/windows.ts', import.meta.url);
const RECORDS = 10_000_000;

interface WindowBench extends Pick<Bench, 'name' | 'title' | 'comparedWith'> {
  readonly window: string;
  readonly keys?: string;
  readonly parallelism?: number;
}

function bench({ window, keys = 'uniform', parallelism = 1, ...rest }: WindowBench): Bench {
  return {
    ...rest,
    records: RECORDS,
    run: (records) => runJobEmbedded({ module: WINDOWS, records, parallelism, parameters: { window, keys } }),
  };
}

const TUMBLING = { bench: 'window-tumbling', floor: 0.8 };

export const windows: readonly Bench[] = [
  bench({
    name: 'window-tumbling',
    title: 'a count per user, 100 users, in windows of 10 s with 100,000 records each, one slot',
    window: 'tumbling',
  }),
  bench({
    name: 'window-sliding',
    title: 'the same in windows of 10 s every 2 s',
    window: 'sliding',
    comparedWith: TUMBLING,
  }),
  bench({
    name: 'window-sliding-long',
    title: 'the same in windows of 10 min every 1 s',
    window: 'sliding-long',
    comparedWith: TUMBLING,
  }),
  bench({
    name: 'window-session',
    title: 'the same in sessions that end after 1 s; every 5 s other users come',
    window: 'session',
    keys: 'rotating',
  }),
  bench({
    name: 'window-uniform',
    title: 'window-tumbling at parallelism 2, behind a hash exchange',
    window: 'tumbling',
    parallelism: 2,
  }),
  bench({
    name: 'window-hot-key',
    title: 'the same where one user has half of the records',
    window: 'tumbling',
    keys: 'hot',
    parallelism: 2,
    comparedWith: { bench: 'window-uniform', floor: 0.7 },
  }),
];
