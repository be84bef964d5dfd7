import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { ClusterId } from '../../src/base/ids.ts';
import { RecordingLogger } from '../../src/testing/recording-logger.ts';
import { RecordingTracing } from '../../src/testing/recording-tracing.ts';
import { SeededRandom } from '../../src/testing/seeded-random.ts';
import { conformanceClock as clock } from '../../src/transport/conformance-clock.ts';
import { LocalHub } from '../../src/transport/local/hub.ts';
import { BRIEF, ask } from './ask.ts';
import { createEnvironment } from './environment.ts';
import type { ActorEnvironment } from './environment.ts';
import { reply, serve } from './serve.ts';

const PING = z.object({ type: z.literal('ping') });
const PONG = z.object({ type: z.literal('pong') });
const ROOT = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;

function nodes(tracing = new RecordingTracing()): {
  readonly client: ActorEnvironment;
  readonly server: ActorEnvironment;
  readonly tracing: RecordingTracing;
  readonly logger: RecordingLogger;
} {
  const hub = new LocalHub({ clock });
  const logger = new RecordingLogger();
  const node = (): ActorEnvironment =>
    createEnvironment({
      clusterId: 'c' as ClusterId,
      transport: hub.connect(),
      clock,
      random: new SeededRandom(1),
      logger,
      tracing,
    });
  return { client: node(), server: node(), tracing, logger };
}

function answerPings({ server }: ReturnType<typeof nodes>, seen: (string | undefined)[]): void {
  serve(server, server.subjects.dispatcher(), PING, (_, caller) => {
    seen.push(server.scope.current);
    server.logger.info('pinged');
    reply(server, caller, { type: 'pong' });
  });
}

const ping = (client: ActorEnvironment): Promise<unknown> =>
  ask(client, client.subjects.dispatcher(), { type: 'ping' }, PONG, BRIEF);

describe('messages in traces', () => {
  it('when a request is sent on behalf of a span, then it is handled in a span below it', async () => {
    const all = nodes();
    const seen: (string | undefined)[] = [];
    answerPings(all, seen);
    await all.client.scope.within(ROOT, () => ping(all.client));
    const [span] = all.tracing.spans;
    expect(span).toMatchObject({ name: 'dispatcher ping', parent: ROOT, outcome: {} });
    expect(seen).toEqual([span?.context]);
    expect(all.server.scope.current).toBeUndefined();
    expect(all.logger.lines.at(-1)).toMatchObject({ fields: { traceId: 'a'.repeat(32) } });
  });

  it('when a request is sent on nobody’s behalf, then nothing is traced', async () => {
    const all = nodes();
    const seen: (string | undefined)[] = [];
    answerPings(all, seen);
    await ping(all.client);
    expect(all.tracing.spans).toEqual([]);
    expect(seen).toEqual([undefined]);
  });

  it('when the header is no trace context, then it is ignored', async () => {
    const all = nodes();
    const seen: (string | undefined)[] = [];
    answerPings(all, seen);
    await all.client.scope.within('00-zz-1', () => ping(all.client));
    expect(all.tracing.spans).toEqual([]);
    expect(seen).toEqual([undefined]);
  });

  it('when the handler throws, then the scope is left and the span ended', () => {
    const { server, tracing } = nodes();
    const span = tracing.start('work');
    expect(() =>
      server.scope.within(span.context, () => {
        throw new Error('broken');
      }),
    ).toThrow('broken');
    expect(server.scope.current).toBeUndefined();
  });
});
