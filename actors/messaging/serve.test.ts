import { expect, it } from 'vitest';
import { z } from 'zod';
import type { ClusterId } from '../../src/base/ids.ts';
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
