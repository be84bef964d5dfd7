import { Worker } from 'node:worker_threads';
import { RING_BYTES } from '../../../src/base/limits.ts';
import { createDoorbell, createRing } from '../../../src/dataplane/exchange/index.ts';
import type { Bench, Measurement } from '../bench.ts';
import type { CodecName } from '../codecs.ts';
import { measure } from '../measure.ts';

/** What both threads of the ring bench get. */
export interface RingThreadData {
  readonly role: 'producer' | 'consumer';
  readonly codec: CodecName;
  readonly records: number;
  readonly ring: SharedArrayBuffer;
  readonly producer: SharedArrayBuffer;
  readonly consumer: SharedArrayBuffer;
}

/** Bids from one thread to another: encoded, through a ring, decoded, counted. */
async function run(codec: CodecName, records: number): Promise<Measurement> {
  const shared = {
    codec,
    records,
    ring: createRing(RING_BYTES),
    producer: createDoorbell(),
    consumer: createDoorbell(),
  };
  const start = (role: RingThreadData['role']): Worker =>
    new Worker(new URL('../ring.worker.ts', import.meta.url), { workerData: { role, ...shared } });
  const producer = start('producer');
  const consumer = start('consumer');
  await Promise.all([message(producer), message(consumer)]);
  let megabytes = 0;
  const measured = await measure(async () => {
    for (const worker of [producer, consumer]) worker.postMessage('go');
    const [, { counted, bytes }] = (await Promise.all([message(producer), message(consumer)])) as [
      unknown,
      Counted,
    ];
    megabytes = bytes / 1e6;
    return counted;
  });
  await Promise.all([producer.terminate(), consumer.terminate()]);
  return { ...measured, details: { megabytesPerSecond: megabytes / measured.seconds } };
}

interface Counted {
  readonly counted: number;
  readonly bytes: number;
}

function message(worker: Worker): Promise<unknown> {
  return new Promise((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
  });
}

export const ring: Bench = {
  name: 'ring',
  title: 'Nexmark bids from one thread to another: encoded, through a ring, decoded, counted',
  records: 10_000_000,
  floor: 4_000_000,
  run: (records) => run('learned', records),
};

export const ringMsgpack: Bench = {
  name: 'ring-msgpack',
  title: 'the same with the fallback codec',
  records: 2_000_000,
  run: (records) => run('msgpack', records),
};
