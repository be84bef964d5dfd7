import { expect, it } from 'vitest';
import { z } from 'zod';
import type { ClusterId } from '../../src/base/ids.ts';
import { fenced } from '../../src/protocol/schema.ts';
import { RecordingLogger } from '../../src/testing/recording-logger.ts';
import { SeededRandom } from '../../src/testing/seeded-random.ts';
import { conformanceClock as clock } from '../../src/transport/conformance-clock.ts';
import { LocalHub } from '../../src/transport/local/hub.ts';
import { ask } from './ask.ts';
import { createEnvironment } from './environment.ts';
import { reply, serve } from './serve.ts';

const question = z.object({ type: z.literal('question'), epoch: z.number() });
const answer = z.object({ type: z.literal('answer') });
const POLICY = { timeoutMs: 10_000, attempts: 3, pauseMs: 1, maxPauseMs: 1 };

/** Asks under epoch 5, and is answered so, one after the other. */
async function asked(
  ...answers: readonly { readonly type: 'answer' | 'fenced'; readonly epoch?: number }[]
): Promise<unknown> {
  const hub = new LocalHub({ clock });
  const [client, server] = [hub.connect(), hub.connect()].map((transport) =>
    createEnvironment({
      clusterId: 'c' as ClusterId,
      transport,
      clock,
      random: new SeededRandom(1),
      logger: new RecordingLogger(),
    }),
  ) as [ReturnType<typeof createEnvironment>, ReturnType<typeof createEnvironment>];
  const left = [...answers];
  serve(server, server.subjects.dispatcher(), question, (_, caller) =>
    reply(server, caller, left.shift() ?? { type: 'answer' }),
  );
  const message = { type: 'question', epoch: 5 };
  const settled = await ask(client, client.subjects.dispatcher(), message, answer.or(fenced), POLICY).catch(
    (error: unknown) => String(error),
  );
  await hub.close();
  return settled;
}

it('when somebody answers who still follows an earlier leader, then it is asked again', async () => {
  expect(await asked({ type: 'fenced', epoch: 4 }, { type: 'answer' })).toEqual({ type: 'answer' });
});

it('when only those answer, then both epochs are named', async () => {
  const stale = { type: 'fenced', epoch: 4 } as const;
  expect(await asked(stale, stale, stale)).toContain('still follows leader epoch 4, ours is 5');
});

it('when the answer is of a later leader, then it is taken', async () => {
  expect(await asked({ type: 'fenced', epoch: 6 })).toEqual({ type: 'fenced', epoch: 6 });
});
