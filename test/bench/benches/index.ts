import type { Bench } from '../bench.ts';
import { codecMsgpack } from './codec.ts';
import { controlPlane } from './control-plane.ts';
import { flights } from './flights.ts';
import { chain, exchange, exchangeNats, keyedCount } from './jobs.ts';
import { ringMsgpack } from './ring.ts';

/** All benches, in the order in which they run. */
export const BENCHES: readonly Bench[] = [
  chain,
  keyedCount,
  exchange,
  exchangeNats,
  flights,
  controlPlane,
  codecMsgpack,
  ringMsgpack,
];
