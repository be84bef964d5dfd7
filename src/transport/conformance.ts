import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DeadlineExceededError } from '../base/errors.ts';
import type { HandlerErrorListener, Transport, TransportMessage } from '../ports/transport.ts';
import {
  InvalidHeaderError,
  InvalidSubjectError,
  MessageTooLargeError,
  NoRespondersError,
  TransportClosedError,
} from './errors.ts';

/** What an adapter gives the suite: connections to one fresh network. */
export interface ConformanceNetwork {
  connect(options: { readonly onHandlerError: HandlerErrorListener }): Promise<Transport>;
  dispose(): Promise<void>;
}

interface Bench {
  readonly a: Transport;
  readonly b: Transport;
  readonly handlerErrors: string[];
  /** Collects what `transport` hears, then calls `then`; `until` waits for a number of messages. */
  listen(transport: Transport, pattern: string, then?: (message: TransportMessage) => void): Promise<Ear>;
}

interface Ear {
  readonly heard: TransportMessage[];
  until(count: number): Promise<TransportMessage[]>;
  close(): void;
}

type BenchOf = () => Bench;

const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const read = (message: TransportMessage): string => new TextDecoder().decode(message.payload);
const heardBy = (ear: Ear): string[] => ear.heard.map(read);

/** The invariants T1-T5 of the port and what every caller may rely on, for the adapter that `start` makes. */
export function describeTransportConformance(name: string, start: () => Promise<ConformanceNetwork>): void {
  describe(`transport conformance: ${name}`, () => {
    let network: ConformanceNetwork | undefined;
    let bench: Bench | undefined;
    beforeEach(async () => {
      network = await start();
      bench = await newBench(network);
    });
    afterEach(async () => {
      await network?.dispose();
    });
    const current: BenchOf = () => bench as Bench;
    describePublishing(current);
    describeSubjects(current);
    describeHeaders(current);
    describePayloads(current);
    describeHandlers(current);
    describeRequests(current);
    describeClosing(current);
  });
}

async function newBench(network: ConformanceNetwork): Promise<Bench> {
  const handlerErrors: string[] = [];
  const onHandlerError: HandlerErrorListener = (error, subject) => {
    handlerErrors.push(`${subject}: ${error instanceof Error ? error.message : String(error)}`);
  };
  const a = await network.connect({ onHandlerError });
  const b = await network.connect({ onHandlerError });
  return { a, b, handlerErrors, listen };
}

async function listen(
  transport: Transport,
  pattern: string,
  then?: (message: TransportMessage) => void,
): Promise<Ear> {
  const heard: TransportMessage[] = [];
  const waiting: { count: number; resolve: (messages: TransportMessage[]) => void }[] = [];
  const subscription = transport.subscribe(pattern, (message) => {
    heard.push(message);
    for (const wait of waiting) if (heard.length >= wait.count) wait.resolve(heard);
    then?.(message);
  });
  await transport.flush();
  const until = (count: number): Promise<TransportMessage[]> =>
    heard.length >= count
      ? Promise.resolve(heard)
      : new Promise((resolve) => {
          waiting.push({ count, resolve });
        });
  return { heard, until, close: () => subscription.close() };
}

function describePublishing(bench: BenchOf): void {
  it('T1: when one publisher sends 10,000 messages, they arrive complete and in order', async () => {
    const { a, b } = bench();
    const ear = await bench().listen(b, 'order.x');
    const count = 10_000;
    for (let at = 0; at < count; at++) {
      a.publish('order.x', text(String(at)));
      if (at % 1_000 === 999) await a.flush();
    }
    await ear.until(count);
    expect(heardBy(ear)).toEqual(Array.from({ length: count }, (_, at) => String(at)));
  });

  it('when several connections subscribe, the publisher included, each hears the message once', async () => {
    const { a, b } = bench();
    const ears = [await bench().listen(a, 'x'), await bench().listen(b, 'x'), await bench().listen(b, 'x')];
    a.publish('x', text('1'));
    a.publish('x', text('2'));
    await Promise.all(ears.map((ear) => ear.until(2)));
    for (const ear of ears) expect(heardBy(ear)).toEqual(['1', '2']);
  });

  it('when a message is published, no handler runs before publish returns', async () => {
    const { a } = bench();
    const ear = await bench().listen(a, 'x');
    a.publish('x', text('1'));
    expect(ear.heard).toHaveLength(0);
    await ear.until(1);
  });

  it('when a handler publishes, the next handler runs after it has returned', async () => {
    const { a } = bench();
    const events: string[] = [];
    a.subscribe('first', () => {
      events.push('first begins');
      a.publish('second', text(''));
      events.push('first ends');
    });
    const ear = await bench().listen(a, 'second', () => events.push('second'));
    a.publish('first', text(''));
    await ear.until(1);
    expect(events).toEqual(['first begins', 'first ends', 'second']);
  });
}

function describeSubjects(bench: BenchOf): void {
  it('when patterns have wildcards, each hears the subjects that match', async () => {
    const { a, b } = bench();
    const star = await bench().listen(b, 'mr.*.job');
    const tail = await bench().listen(b, 'mr.>');
    const exact = await bench().listen(b, 'mr.a.job');
    const all = await bench().listen(b, 'end');
    for (const subject of ['mr.a.job', 'mr.b.job', 'mr.b.job.x', 'mr', 'mrs.a.job', 'end'])
      a.publish(subject, text(''));
    await Promise.all([all.until(1), star.until(2), tail.until(3), exact.until(1)]);
    expect(star.heard.map((message) => message.subject)).toEqual(['mr.a.job', 'mr.b.job']);
    expect(tail.heard.map((message) => message.subject)).toEqual(['mr.a.job', 'mr.b.job', 'mr.b.job.x']);
    expect(exact.heard.map((message) => message.subject)).toEqual(['mr.a.job']);
  });

  it('when a subject or pattern is malformed, publish, request and subscribe refuse it', async () => {
    const { a } = bench();
    for (const subject of ['', 'a b', 'a..b', '.a', 'a.', 'a\r\nb', '>', 'a.*']) {
      expect(() => a.publish(subject, text(''))).toThrow(InvalidSubjectError);
      await expect(a.request(subject, text(''), { timeoutMs: 1_000 })).rejects.toThrow(InvalidSubjectError);
    }
    for (const pattern of ['', 'a b', 'a..b', '.a', 'a.', 'a.>.b']) {
      expect(() => a.subscribe(pattern, () => {})).toThrow(InvalidSubjectError);
    }
  });
}

function describeHeaders(bench: BenchOf): void {
  it('when headers are given, they arrive with their case, whatever their names', async () => {
    const { a, b } = bench();
    const ear = await bench().listen(b, 'x');
    const headers = Object.create(null) as Record<string, string>;
    Object.assign(headers, {
      traceparent: '00-ab-cd-01',
      Epoch: '7',
      epoch: '8',
      constructor: 'c',
      toString: 't',
    });
    Object.defineProperty(headers, '__proto__', { value: 'p', enumerable: true });
    a.publish('x', text('body'), { headers, replyTo: 'back.here' });
    const [message] = await ear.until(1);
    expect(message?.replyTo).toBe('back.here');
    expect(read(message as TransportMessage)).toBe('body');
    const lines = (of: Readonly<Record<string, string>>): string[] =>
      Object.keys(of)
        .map((name) => `${name}=${of[name]}`)
        .toSorted();
    expect(lines(message?.headers ?? {})).toEqual(lines(headers));
    expect(({} as Record<string, unknown>)['p']).toBeUndefined();
  });

  it('when there are no headers, the object is empty and inherits nothing', async () => {
    const { a, b } = bench();
    const ear = await bench().listen(b, 'x');
    a.publish('x', text(''));
    const [message] = await ear.until(1);
    expect(Object.keys(message?.headers ?? { missing: '' })).toEqual([]);
    expect(message?.headers['toString']).toBeUndefined();
    expect(message !== undefined && 'replyTo' in message).toBe(false);
  });

  it('when a header cannot travel, publish refuses it', () => {
    const { a } = bench();
    const refused: Record<string, string>[] = [
      { 'a b': '' },
      { 'a:b': '' },
      { '': '' },
      { ä: '' },
      { a: 'x\r\ny: z' },
    ];
    for (const headers of refused)
      expect(() => a.publish('x', text(''), { headers })).toThrow(InvalidHeaderError);
  });
}

function describePayloads(bench: BenchOf): void {
  it('T4: when the sender reuses its buffer at once, receivers see what was published', async () => {
    const { a, b } = bench();
    const ear = await bench().listen(b, 'x');
    const own = await bench().listen(a, 'x');
    const backing = new Uint8Array(100_000).fill(1);
    const part = backing.subarray(10, 90_000);
    a.publish('x', part);
    backing.fill(2);
    const node = Buffer.from('before');
    a.publish('x', node);
    node.fill('z');
    await Promise.all([ear.until(2), own.until(2)]);
    for (const { heard } of [ear, own]) {
      expect(heard[0]?.payload).toHaveLength(part.length);
      expect(heard[0]?.payload.every((byte) => byte === 1)).toBe(true);
      expect(read(heard[1] as TransportMessage)).toBe('before');
      expect(Object.getPrototypeOf(heard[0]?.payload)).toBe(Uint8Array.prototype);
    }
  });

  it('T4: when one receiver changes its payload, the others do not see it', async () => {
    const { a, b } = bench();
    b.subscribe('x', (message) => void message.payload.fill(0));
    const ear = await bench().listen(b, 'x');
    const own = await bench().listen(a, 'x');
    a.publish('x', text('same'));
    await Promise.all([ear.until(1), own.until(1)]);
    expect([...heardBy(ear), ...heardBy(own)]).toEqual(['same', 'same']);
  });

  it('when a payload is as large as allowed it arrives, and one byte more is refused', async () => {
    const { a, b } = bench();
    const ear = await bench().listen(b, 'x');
    const largest = new Uint8Array(a.maxPayload).map((_, at) => at % 251);
    a.publish('x', largest);
    a.publish('x', new Uint8Array(0));
    expect(() => a.publish('x', new Uint8Array(a.maxPayload + 1))).toThrow(MessageTooLargeError);
    await expect(a.request('x', new Uint8Array(a.maxPayload + 1), { timeoutMs: 1_000 })).rejects.toThrow(
      MessageTooLargeError,
    );
    await ear.until(2);
    expect(Buffer.compare(ear.heard[0]?.payload ?? new Uint8Array(), largest)).toBe(0);
    expect(ear.heard[1]?.payload).toHaveLength(0);
  });
}

function describeHandlers(bench: BenchOf): void {
  it('T2: when a subscription is closed, its handler is not called again', async () => {
    const { a, b } = bench();
    const closed = await bench().listen(b, 'x');
    const open = await bench().listen(b, 'x');
    a.publish('x', text('1'));
    await Promise.all([closed.until(1), open.until(1)]);
    a.publish('x', text('2'));
    closed.close();
    closed.close();
    a.publish('x', text('3'));
    await open.until(3);
    expect(heardBy(closed)).toEqual(['1']);
  });

  it('T2: when a handler closes its subscription, messages already under way are not delivered', async () => {
    const { a, b } = bench();
    const closing: Ear = await bench().listen(b, 'x', () => closing.close());
    const other = await bench().listen(b, 'x');
    for (const value of ['1', '2', '3']) a.publish('x', text(value));
    await Promise.all([closing.until(1), other.until(3)]);
    expect(heardBy(closing)).toEqual(['1']);
  });

  it('T3: when a handler throws, it is reported and later messages arrive', async () => {
    const { a, b, handlerErrors } = bench();
    const throwing = await bench().listen(b, 'x', (message) => {
      if (read(message) === 'bad') throw new Error('cannot take it');
    });
    const other = await bench().listen(b, 'x');
    for (const value of ['1', 'bad', '2']) a.publish('x', text(value));
    await Promise.all([throwing.until(3), other.until(3)]);
    expect(heardBy(throwing)).toEqual(['1', 'bad', '2']);
    expect(handlerErrors).toEqual(['x: cannot take it']);
  });
}

function describeRequests(bench: BenchOf): void {
  it('T5: when requests run side by side, each gets its own reply, with headers', async () => {
    const { a, b } = bench();
    b.subscribe('double', (message) => {
      const value = Number(read(message)) * 2;
      b.publish(message.replyTo ?? 'none', text(String(value)), { headers: { kind: 'answer' } });
    });
    await b.flush();
    const values = Array.from({ length: 200 }, (_, at) => at);
    const replies = await Promise.all(
      values.map((value) =>
        a.request('double', text(String(value)), { timeoutMs: 5_000, headers: { n: '1' } }),
      ),
    );
    expect(replies.map((reply) => Number(read(reply)))).toEqual(values.map((value) => value * 2));
    expect(replies[0]?.headers).toMatchObject({ kind: 'answer' });
  });

  it('T5: when two subscribers answer, the first reply counts', async () => {
    const { a, b } = bench();
    for (const transport of [a, b]) {
      transport.subscribe('who', (message) => transport.publish(message.replyTo ?? 'none', text('me')));
    }
    await Promise.all([a.flush(), b.flush()]);
    expect(read(await a.request('who', text(''), { timeoutMs: 5_000 }))).toBe('me');
    expect(read(await a.request('who', text(''), { timeoutMs: 5_000 }))).toBe('me');
  });

  it('T5: when nobody subscribes, it rejects with NoRespondersError', async () => {
    const { a, b } = bench();
    await expect(a.request('nobody', text(''), { timeoutMs: 5_000 })).rejects.toThrow(NoRespondersError);
    const ear = await bench().listen(b, 'nobody');
    ear.close();
    await b.flush();
    await expect(a.request('nobody', text(''), { timeoutMs: 5_000 })).rejects.toMatchObject({
      name: 'NoRespondersError',
      subject: 'nobody',
      retryable: true,
    });
  });

  it('T5: when nobody answers in time, it rejects with DeadlineExceededError, and a late reply harms nothing', async () => {
    const { a, b } = bench();
    const ear = await bench().listen(b, 'silent');
    await expect(a.request('silent', text(''), { timeoutMs: 30 })).rejects.toThrow(DeadlineExceededError);
    b.publish(ear.heard[0]?.replyTo ?? 'none', text('late'));
    b.subscribe('echo', (message) => b.publish(message.replyTo ?? 'none', message.payload));
    await b.flush();
    expect(read(await a.request('echo', text('next'), { timeoutMs: 5_000 }))).toBe('next');
  });
}

function describeClosing(bench: BenchOf): void {
  it('when closed, everything refuses with TransportClosedError and `closed` resolves without a reason', async () => {
    const { a } = bench();
    await Promise.all([a.close(), a.close()]);
    await a.close();
    expect(await a.closed).toBeUndefined();
    expect(() => a.publish('x', text(''))).toThrow(TransportClosedError);
    expect(() => a.subscribe('x', () => {})).toThrow(TransportClosedError);
    await expect(a.request('x', text(''), { timeoutMs: 1_000 })).rejects.toThrow(TransportClosedError);
    await expect(a.flush()).rejects.toThrow(TransportClosedError);
  });

  it('T5: when closed, pending requests reject with TransportClosedError', async () => {
    const { a, b } = bench();
    const ear = await bench().listen(b, 'silent');
    const request = a.request('silent', text(''), { timeoutMs: 60_000 });
    const outcome = expect(request).rejects.toThrow(TransportClosedError);
    await ear.until(1);
    await a.close();
    await outcome;
  });

  it('T2: when closed, no handler is called again and other connections go on', async () => {
    const { a, b } = bench();
    const gone = await bench().listen(b, 'x');
    const stays = await bench().listen(a, 'x');
    a.publish('x', text('1'));
    await Promise.all([gone.until(1), stays.until(1)]);
    const closing = b.close();
    a.publish('x', text('2'));
    await closing;
    a.publish('x', text('3'));
    await stays.until(3);
    expect(heardBy(gone)).toEqual(['1']);
  });

  it('when a connection publishes and closes, its messages still arrive', async () => {
    const { a, b } = bench();
    const ear = await bench().listen(b, 'x');
    for (let at = 0; at < 100; at++) a.publish('x', text(String(at)));
    await a.close();
    await ear.until(100);
    expect(heardBy(ear).at(-1)).toBe('99');
  });
}
