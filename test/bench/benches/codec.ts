import { BATCH_RECORDS, MAX_FRAME_BYTES } from '../../../src/base/limits.ts';
import { NO_TIMESTAMP } from '../../../src/base/time.ts';
import type { RecordBatch } from '../../../src/dataplane/exchange/index.ts';
import type { Bench, Measurement } from '../bench.ts';
import { bids } from '../bids.ts';
import { newCodec } from '../codecs.ts';
import type { CodecName } from '../codecs.ts';
import { cpuSeconds, peakRssMb } from '../measure.ts';

const POOL_BATCHES = 8;

/** Bids encoded and decoded in one thread, batch by batch, each end with a codec of its own. */
function run(name: CodecName, records: number): Measurement {
  const pool = bids(POOL_BATCHES * BATCH_RECORDS);
  const batches: RecordBatch[] = Array.from({ length: POOL_BATCHES }, (_, n) => {
    const values = pool.slice(n * BATCH_RECORDS, (n + 1) * BATCH_RECORDS);
    return { kind: 'records', values, timestamps: values.map(() => NO_TIMESTAMP) };
  });
  const encoder = newCodec(name);
  const decoder = newCodec(name);
  const rounds = Math.ceil(records / BATCH_RECORDS);
  let [encodeMs, bytes, price] = [0, 0, 0];
  const cpu = cpuSeconds();
  const start = performance.now();
  for (let round = 0; round < rounds; round += 1) {
    const before = performance.now();
    const { payload } = encoder.encode(
      batches[round % POOL_BATCHES] as RecordBatch,
      0,
      BATCH_RECORDS,
      MAX_FRAME_BYTES,
    );
    encodeMs += performance.now() - before;
    bytes += payload.byteLength;
    const { values } = decoder.decode(payload, BATCH_RECORDS);
    for (const value of values) price += (value as { price: number }).price;
  }
  const milliseconds = performance.now() - start;
  const moved = rounds * BATCH_RECORDS;
  if (!(price > 0)) throw new Error('nothing was decoded');
  return {
    records: moved,
    seconds: milliseconds / 1000,
    cpuSeconds: cpuSeconds() - cpu,
    peakRssMb: peakRssMb(),
    details: {
      encodeNanoseconds: (encodeMs * 1e6) / moved,
      decodeNanoseconds: ((milliseconds - encodeMs) * 1e6) / moved,
      bytesPerRecord: bytes / moved,
    },
  };
}

export const codec: Bench = {
  name: 'codec',
  title: 'Nexmark bids encoded and decoded in one thread, the codec that channels use',
  records: 10_000_000,
  run: (records) => Promise.resolve(run('learned', records)),
};

export const codecMsgpack: Bench = {
  name: 'codec-msgpack',
  title: 'the same with the fallback codec',
  records: 2_000_000,
  run: (records) => Promise.resolve(run('msgpack', records)),
};

export const codecDeclared: Bench = {
  name: 'codec-declared',
  title: 'the same with their type declared',
  records: 10_000_000,
  run: (records) => Promise.resolve(run('declared', records)),
};

export const codecProjected: Bench = {
  name: 'codec-projected',
  title: 'the same where two of seven fields are needed at the other end',
  records: 10_000_000,
  run: (records) => Promise.resolve(run('projected', records)),
};

export const codecAvro: Bench = {
  name: 'codec-avro',
  title: 'the same as Types.avro',
  records: 2_000_000,
  run: (records) => Promise.resolve(run('avro', records)),
};
