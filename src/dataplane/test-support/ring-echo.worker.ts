import { parentPort, workerData } from 'node:worker_threads';
import { Doorbell } from '../exchange/doorbell.ts';
import { MsgpackBatchCodec } from '../exchange/codec/msgpack-codec.ts';
import { ringInputChannel } from '../exchange/ring-channel.ts';

/** Adds up the numbers that come through a ring, asleep while there are none; posts the sum at the end. */
const { ring, consumer, producer } = workerData as Record<
  'ring' | 'consumer' | 'producer',
  SharedArrayBuffer
>;
const own = new Doorbell(consumer);
const other = new Doorbell(producer);
const input = ringInputChannel({
  channelId: 'c',
  ring,
  codec: new MsgpackBatchCodec(),
  ringProducer: () => other.ring(),
});
// A pending waitAsync alone does not keep a thread alive.
const alive = setInterval(() => {}, 1_000);

let sum = 0;
for (let ended = false; !ended;) {
  own.arm();
  const element = input.poll();
  if (element === undefined) {
    await own.wait(5_000);
    continue;
  }
  own.disarm();
  if (element.kind === 'records') for (const value of element.values) sum += value as number;
  else if (element.kind === 'end') ended = true;
}
parentPort?.postMessage(sum);
clearInterval(alive);
