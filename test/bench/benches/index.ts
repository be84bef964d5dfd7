import type { Bench } from '../bench.ts';
import { checkpoint, checkpointNone, savepoint } from './checkpoint.ts';
import { codec, codecAvro, codecDeclared, codecMsgpack, codecProjected } from './codec.ts';
import { controlPlane } from './control-plane.ts';
import { exchangeNatsBids, exchangeNatsBidsZstd } from './exchange-nats-bids.ts';
import { fileSink, fileSinkAtLeastOnce, fileSinkNone } from './file-sink.ts';
import { flights } from './flights.ts';
import { chain, exchange, exchangeNats, keyedCount, windowCount, windowCountWhole } from './jobs.ts';
import { metrics, metricsNone } from './metrics.ts';
import { restJob, restOverview } from './rest.ts';
import { ring, ringMsgpack } from './ring.ts';
import { stateDisaggregated } from './state-disaggregated.ts';
import { stateRocksDb } from './state-rocksdb.ts';
import { state } from './state.ts';
import { windows } from './windows.ts';

/** All benches, in the order in which they run. */
export const BENCHES: readonly Bench[] = [
  chain,
  keyedCount,
  exchange,
  exchangeNats,
  exchangeNatsBids,
  exchangeNatsBidsZstd,
  windowCount,
  windowCountWhole,
  ...windows,
  flights,
  controlPlane,
  restOverview,
  restJob,
  codec,
  codecDeclared,
  codecProjected,
  codecAvro,
  codecMsgpack,
  ring,
  ringMsgpack,
  metricsNone,
  metrics,
  state,
  checkpointNone,
  checkpoint,
  savepoint,
  fileSinkNone,
  fileSinkAtLeastOnce,
  fileSink,
  stateRocksDb,
  stateDisaggregated,
];
