import { setImmediate } from 'node:timers/promises';
import { toParent } from '../children.ts';
import { newHistogram, percentilesOf } from './histogram.ts';
import type { LatencyRequest } from './latency.child.ts';
import { monotonicMs } from './monotonic.ts';

/** The same counts at the same rate in one loop without an engine: what Node and the machine allow at this moment. */
const { rate, seconds } = JSON.parse(process.argv[2] ?? '{}') as LatencyRequest;
const KEYS = 100_000;
const WARM_UP_SECONDS = 2;

const histogram = newHistogram();
const counts = new Map<number, { count: number; due: number }>();
const startAt = monotonicMs();
const from = startAt + WARM_UP_SECONDS * 1000;
const records = rate * (WARM_UP_SECONDS + seconds);
for (let index = 0; index < records;) {
  const now = monotonicMs();
  for (; index < records; index += 1) {
    const due = startAt + (index * 1000) / rate;
    if (due > now) break;
    const user = (Math.imul(index, 0x9e3779b1) >>> 0) % KEYS;
    counts.set(user, { count: (counts.get(user)?.count ?? 0) + 1, due });
    if (due >= from) histogram.recordValue(Math.round((monotonicMs() - due) * 1000));
  }
  await setImmediate();
}
toParent(percentilesOf(histogram));
