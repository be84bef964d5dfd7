import { once } from 'node:events';
import { parentPort, workerData } from 'node:worker_threads';
import { BATCH_RECORDS } from '../../src/base/limits.ts';
import { NO_TIMESTAMP } from '../../src/base/time.ts';
import { Doorbell, ringInputChannel, ringOutputChannel } from '../../src/dataplane/exchange/index.ts';
import type { RingThreadData } from './benches/ring.ts';
import { bids } from './bids.ts';
import { newCodec } from './codecs.ts';

const POOL_BATCHES = 8;

async function produce({ ring, records, codec, ...bells }: RingThreadData): Promise<void> {
  const own = new Doorbell(bells.producer);
  const peer = new Doorbell(bells.consumer);
  const ringConsumer = (): void => peer.ring();
  const output = ringOutputChannel({
    channelId: 'c',
    ring,
    codec: newCodec(codec),
    epoch: 1,
    attempt: 0,
    ringConsumer,
  });
  const pool = bids(POOL_BATCHES * BATCH_RECORDS);
  const timestamps = Array.from({ length: BATCH_RECORDS }, () => NO_TIMESTAMP);
  const batches = Array.from({ length: POOL_BATCHES }, (_, n) => ({
    kind: 'records' as const,
    values: pool.slice(n * BATCH_RECORDS, (n + 1) * BATCH_RECORDS),
    timestamps,
  }));
  await ready();
  const rounds = Math.ceil(records / BATCH_RECORDS);
  for (let round = 0; round <= rounds; round += 1) {
    const element = round === rounds ? ({ kind: 'end' } as const) : batches[round % POOL_BATCHES];
    while (!output.offer(element as NonNullable<typeof element>)) {
      own.arm();
      if (output.capacity === 0) await own.wait(1_000);
      else own.disarm();
    }
    output.flush();
  }
  while ((output.unsent ?? 0) > 0) {
    await own.wait(1);
    output.flush();
  }
  parentPort?.postMessage('sent');
}

async function consume({ ring, codec, ...bells }: RingThreadData): Promise<void> {
  const own = new Doorbell(bells.consumer);
  const peer = new Doorbell(bells.producer);
  const input = ringInputChannel({
    channelId: 'c',
    ring,
    codec: newCodec(codec),
    ringProducer: () => peer.ring(),
  });
  await ready();
  let counted = 0;
  for (;;) {
    const element = input.poll() ?? (own.arm(), input.poll());
    if (element === undefined) {
      await own.wait(1_000);
      continue;
    }
    own.disarm();
    if (element.kind === 'records') counted += element.values.length;
    else if (element.kind === 'end') break;
  }
  parentPort?.postMessage({ counted, bytes: input.bytesIn });
}

async function ready(): Promise<void> {
  if (parentPort === null) throw new Error('this is the main of a worker thread');
  parentPort.postMessage('ready');
  await once(parentPort, 'message');
}

const data = workerData as RingThreadData;
// A pending waitAsync alone does not keep a thread alive.
const alive = setInterval(() => {}, 1_000);
await (data.role === 'producer' ? produce(data) : consume(data));
clearInterval(alive);
