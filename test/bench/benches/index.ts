import type { Bench } from '../bench.ts';
import { codec, codecMsgpack } from './codec.ts';
import { controlPlane } from './control-plane.ts';
import { flights } from './flights.ts';
import { chain, exchange, exchangeNats, keyedCount } from './jobs.ts';
import { ring, ringMsgpack } from './ring.ts';
import { windows } from './windows.ts';

/** All benches, in the order in which they run. */
export const BENCHES: readonly Bench[] = [
  chain,
  keyedCount,
  exchange,
  exchangeNats,
  ...windows,
  flights,
  controlPlane,
  codec,
  codecMsgpack,
  ring,
  ringMsgpack,
];
