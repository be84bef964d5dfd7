import { expect, it } from 'vitest';
import { z } from 'zod';
import type { ClusterId } from '../../src/base/ids.ts';
import { decodeMessage, encodeMessage } from '../../src/protocol/codec.ts';
import { refused } from '../../src/protocol/schema.ts';
import type { Transport } from '../../src/ports/transport.ts';
import { RecordingLogger } from '../../src/testing/recording-logger.ts';
import { SeededRandom } from '../../src/testing/seeded-random.ts';
import { conformanceClock as clock } from '../../src/transport/conformance-clock.ts';
import { MessageTooLargeError } from '../../src/transport/errors.ts';
import { LocalHub } from '../../src/transport/local/hub.ts';
import { BRIEF, ask } from './ask.ts';
import { createEnvironment } from './environment.ts';
import { reply, serve } from './serve.ts';

/** Less than the stack of an error. */
const LIMIT = 400;

/** A transport whose messages are small. */
function narrow(transport: Transport): Transport {
  const publish: Transport['publish'] = (subject, payload, options) => {
    if (payload.byteLength > LIMIT) throw new MessageTooLargeError(subject, payload.byteLength, LIMIT);
    transport.publish(subject, payload, options);
  };
  return Object.assign(Object.create(transport) as Transport, {
    publish,
    subscribe: transport.subscribe.bind(transport),
    request: transport.request.bind(transport),
  });
}

it('when an answer is larger than a message may be, then the caller is refused at once, with the sizes', async () => {
  const hub = new LocalHub({ clock });
  const [client, server] = [hub.connect(), narrow(hub.connect())].map((transport) =>
    createEnvironment({
      clusterId: 'c' as ClusterId,
      transport,
      clock,
      random: new SeededRandom(1),
      logger: new RecordingLogger(),
    }),
  );
  if (client === undefined || server === undefined) throw new Error('there are two');
  const question = z.object({ type: z.literal('question') });
  serve(server, server.subjects.dispatcher(), question, (_, caller) =>
    reply(server, caller, { type: 'answer', text: 'x'.repeat(LIMIT) }),
  );
  const answer = z.object({ type: z.literal('answer') });
  const asked = ask(client, client.subjects.dispatcher(), { type: 'question' }, answer.or(refused), BRIEF);
  await expect(asked).rejects.toMatchObject({
    name: 'MessageTooLargeError',
    domain: 'internal',
    message: expect.stringMatching(/has 4\d{2} bytes, the transport carries 400 at most/),
  });
  await hub.close();
});

it('when an answer is large, then it is compressed for who can read it, and arrives whole; for others it is as it is', async () => {
  const hub = new LocalHub({ clock });
  const sizes: number[] = [];
  const counting = (transport: Transport): Transport =>
    Object.assign(Object.create(transport) as Transport, {
      publish: (...[subject, payload, options]: Parameters<Transport['publish']>) => {
        sizes.push(payload.byteLength);
        transport.publish(subject, payload, options);
      },
      subscribe: transport.subscribe.bind(transport),
    });
  const [client, server] = [hub.connect(), counting(hub.connect())].map((transport) =>
    createEnvironment({
      clusterId: 'c' as ClusterId,
      transport,
      clock,
      random: new SeededRandom(1),
      logger: new RecordingLogger(),
    }),
  );
  if (client === undefined || server === undefined) throw new Error('there are two');
  const subtasks = Array.from({ length: 20_000 }, (_, subtaskIndex) => ({ subtaskIndex, state: 'RUNNING' }));
  const question = z.object({ type: z.literal('question') });
  const subject = server.subjects.dispatcher();
  serve(server, subject, question, (_, caller) => reply(server, caller, { type: 'answer', subtasks }));
  const answer = z.object({ type: z.literal('answer'), subtasks: z.array(z.unknown()) });
  const { subtasks: arrived } = await ask(client, subject, { type: 'question' }, answer, BRIEF);
  expect(arrived).toEqual(subtasks);
  const plain = await client.transport.request(subject, encodeMessage({ type: 'question' }), {
    timeoutMs: 5_000,
  });
  expect(decodeMessage(answer, plain.payload, plain.headers, subject).subtasks).toEqual(subtasks);
  const [compressed = 0, whole = 0] = sizes;
  expect(whole).toBeGreaterThan(500_000);
  expect(compressed).toBeLessThan(whole / 5);
  await hub.close();
});
