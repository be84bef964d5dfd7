import type { Bench } from '../bench.ts';
import { runJobEmbedded, runJobOverNats } from '../run-job.ts';

const CHAIN = new URL('../jobs/chain.ts', import.meta.url);
const WINDOW_COUNT = new URL('../jobs/window-count.ts', import.meta.url);
const WINDOW_COUNT_WHOLE = new URL('../jobs/window-count-whole.ts', import.meta.url);
const KEYED_COUNT = new URL('../jobs/keyed-count.ts', import.meta.url);

export const chain: Bench = {
  name: 'chain',
  title: 'five stateless operators between source and sink, chained, one slot',
  records: 20_000_000,
  floor: 2_000_000,
  run: (records) => runJobEmbedded({ module: CHAIN, records, parallelism: 1 }),
};

export const keyedCount: Bench = {
  name: 'keyed-count',
  title: 'keyed count over 100,000 keys, one slot, no exchange between threads',
  records: 4_000_000,
  run: (records) => runJobEmbedded({ module: KEYED_COUNT, records, parallelism: 1 }),
};

export const exchange: Bench = {
  name: 'exchange',
  title: 'keyed count over 100,000 keys behind a hash exchange, two slots of one process',
  records: 4_000_000,
  floor: 500_000,
  run: (records) => runJobEmbedded({ module: KEYED_COUNT, records, parallelism: 2 }),
};

export const exchangeNats: Bench = {
  name: 'exchange-nats',
  title: 'the same job on two TaskManager processes over a nats-server',
  records: 2_000_000,
  floor: 200_000,
  run: (records) => runJobOverNats({ module: KEYED_COUNT, records, parallelism: 2 }),
};

export const windowCount: Bench = {
  name: 'window-count',
  title: 'bids per auction of each 10 s, two slots of one process: only the field auction crosses',
  records: 2_000_000,
  run: (records) => runJobEmbedded({ module: WINDOW_COUNT, records, parallelism: 2 }),
};

export const windowCountWhole: Bench = {
  name: 'window-count-whole',
  title: 'the same with whole bids crossing',
  records: 2_000_000,
  run: (records) => runJobEmbedded({ module: WINDOW_COUNT_WHOLE, records, parallelism: 2 }),
};
