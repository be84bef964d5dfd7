import { workerData, type MessagePort } from 'node:worker_threads';
import { conformanceClock } from '../conformance-clock.ts';
import { connectPort } from './connect-port.ts';

/** A thread for the bridge's tests: answers on `echo`, counts on `count`, blocks on `block`, throws on `die`. */
const transport = connectPort((workerData as { port: MessagePort }).port, { clock: conformanceClock });
const text = new TextDecoder();
let counted = 0;

transport.subscribe('echo', (message) => {
  transport.publish(message.replyTo ?? 'none', message.payload, { headers: message.headers });
});
transport.subscribe('count', () => {
  counted++;
});
transport.subscribe('counted', (message) => {
  transport.publish(message.replyTo ?? 'none', new TextEncoder().encode(String(counted)));
});
transport.subscribe('block', (message) => {
  const ms = Number(text.decode(message.payload));
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
});
transport.subscribe('die', () => process.exit(1));
void transport.flush().then(() => transport.publish('ready', new Uint8Array()));
