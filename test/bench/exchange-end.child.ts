import { once } from 'node:events';
import { BATCH_RECORDS } from '../../src/base/limits.ts';
import { NO_TIMESTAMP } from '../../src/base/time.ts';
import {
  frameCompression,
  LearnedCodec,
  networkInputChannel,
  networkOutputChannel,
} from '../../src/dataplane/exchange/index.ts';
import type {
  ChannelElement,
  CompressionCodec,
  NetworkChannelOptions,
} from '../../src/dataplane/exchange/index.ts';
import { connectNats } from '../../src/transport/nats/connect.ts';
import { SilentLogger } from '../../actors/nodes/adapters/silent-logger.ts';
import { systemClock } from '../../actors/nodes/adapters/system-clock.ts';
import { systemRandom } from '../../actors/nodes/adapters/system-random.ts';
import { bids } from './bids.ts';
import { cpuSeconds, peakRssMb } from './measure.ts';

/** What each process of the bench is started with, as JSON. */
export interface ExchangeEnd {
  readonly role: 'producer' | 'consumer';
  readonly url: string;
  readonly records: number;
  readonly compression: CompressionCodec;
}

/** What it tells when it is done. */
export interface ExchangeEndReport {
  readonly records: number;
  readonly bytes: number;
  readonly cpuSeconds: number;
  readonly peakRssMb: number;
}

const POOL_BATCHES = 8;
/** Batches after which the loop lets messages in, as a slot's loop does after its budget. */
const BATCHES_PER_TURN = 4;

/** Bids as a generator makes them: the same objects again and again. */
function pool(): ChannelElement[] {
  const values = bids(POOL_BATCHES * BATCH_RECORDS);
  const timestamps = Array.from({ length: BATCH_RECORDS }, () => NO_TIMESTAMP);
  return Array.from({ length: POOL_BATCHES }, (_, n) => ({
    kind: 'records' as const,
    values: values.slice(n * BATCH_RECORDS, (n + 1) * BATCH_RECORDS),
    timestamps,
  }));
}

type Channel = Omit<NetworkChannelOptions, 'wake'>;

function produce(channel: Channel, records: number): Promise<Pick<ExchangeEndReport, 'records' | 'bytes'>> {
  const batches = pool();
  const rounds = Math.ceil(records / BATCH_RECORDS);
  const { promise, resolve } = Promise.withResolvers<Pick<ExchangeEndReport, 'records' | 'bytes'>>();
  let [round, asleep] = [0, false];
  const wake = (): void => {
    if (asleep) setImmediate(turn);
    asleep = false;
  };
  const output = networkOutputChannel({ ...channel, wake });
  const turn = (): void => {
    for (let n = 0; n < BATCHES_PER_TURN && round <= rounds; n += 1) {
      const element = round === rounds ? ({ kind: 'end' } as const) : batches[round % POOL_BATCHES];
      if (element === undefined || !output.offer(element)) {
        asleep = true;
        return;
      }
      round += 1;
    }
    output.flush();
    if (round <= rounds || (output.unsent ?? 0) > 0) setImmediate(turn);
    else resolve({ records: rounds * BATCH_RECORDS, bytes: output.bytesOut ?? 0 });
  };
  turn();
  return promise.finally(() => output.close());
}

function consume(channel: Channel): Promise<Pick<ExchangeEndReport, 'records' | 'bytes'>> {
  const { promise, resolve } = Promise.withResolvers<Pick<ExchangeEndReport, 'records' | 'bytes'>>();
  let [records, asleep] = [0, true];
  const wake = (): void => {
    if (asleep) setImmediate(turn);
    asleep = false;
  };
  const input = networkInputChannel({ ...channel, wake });
  const turn = (): void => {
    for (let n = 0; n < BATCHES_PER_TURN; n += 1) {
      const element = input.poll();
      if (element === undefined) {
        asleep = true;
        return;
      }
      if (element.kind === 'records') records += element.values.length;
      if (element.kind === 'end') return resolve({ records, bytes: input.bytesIn ?? 0 });
    }
    setImmediate(turn);
  };
  return promise.finally(() => input.close());
}

async function main({ role, url, records, compression }: ExchangeEnd): Promise<void> {
  const transport = await connectNats({
    servers: url,
    name: `bench ${role}`,
    role: 'data',
    clock: systemClock,
    random: systemRandom,
    logger: new SilentLogger(),
  });
  const channel: Channel = {
    channelId: 'e0-0-0',
    transport,
    subject: 'bench.data.e0-0-0',
    epoch: 1,
    attempt: 0,
    clock: systemClock,
    codec: new LearnedCodec(),
    compression: frameCompression(compression),
  };
  process.send?.('ready');
  await once(process, 'message');
  const cpu = cpuSeconds();
  const moved = await (role === 'producer' ? produce(channel, records) : consume(channel));
  const report: ExchangeEndReport = { ...moved, cpuSeconds: cpuSeconds() - cpu, peakRssMb: peakRssMb() };
  process.send?.(report);
  await once(process, 'message');
  await transport.close();
  process.disconnect?.();
}

await main(JSON.parse(process.argv[2] ?? '{}') as ExchangeEnd);
