import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CommitRequest } from '../../functions/sink.ts';
import { DeduplicatingCommitter } from './deduplicating-committer.ts';
import { checkExactlyOnce } from './exactly-once-stream.ts';
import type { ExactlyOncePlan, ExactlyOnceStream } from './exactly-once-stream.ts';
import type { Publisher, PublishFields } from './publisher.ts';
import { RecordPacker, unpackRecords } from './record-pack.ts';
import { cutChunks } from './staged-chunk.ts';
import type { StagedChunk } from './staged-chunk.ts';

describe('packed records', () => {
  it('when records are packed and taken apart, then they are equal, in order, with their subjects, in bounded messages', () => {
    const records = fc.array(fc.tuple(fc.constantFrom('a', 'b'), fc.uint8Array({ maxLength: 40 })));
    fc.assert(
      fc.property(records, fc.integer({ min: 1, max: 60 }), (given, maxBytes) => {
        const got: [string, Uint8Array][] = [];
        const packer = new RecordPacker(maxBytes, (subject, payload, count) => {
          const own = unpackRecords(payload);
          expect(own).toHaveLength(count);
          expect(own.length === 1 || payload.length <= maxBytes).toBe(true);
          got.push(...own.map((record): [string, Uint8Array] => [subject, new Uint8Array(record)]));
        });
        for (const [subject, record] of given) packer.add(subject, record);
        packer.flush();
        packer.flush();
        expect(got).toEqual(given);
      }),
    );
  });

  it('when a message is cut off, then it is refused', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 30 }), fc.nat(30), (record, at) => {
        let payload = new Uint8Array();
        const packer = new RecordPacker(100, (_subject, bytes) => (payload = new Uint8Array(bytes)));
        packer.add('a', record);
        packer.flush();
        const cut = payload.subarray(0, Math.min(payload.length - 1, at + 1));
        expect(() => unpackRecords(cut)).toThrow('cut off');
      }),
    );
  });
});

describe('cutChunks', () => {
  it('when messages are cut into chunks, then all are there in order, within the bounds or alone', () => {
    const lengths = fc.array(fc.nat(50));
    fc.assert(
      fc.property(
        lengths,
        fc.integer({ min: 1, max: 5 }),
        fc.integer({ min: 1, max: 80 }),
        (all, messages, bytes) => {
          const given = all.map((length) => ({ subject: 's', payload: new Uint8Array(length), records: 0 }));
          const chunks = cutChunks(given, { messages, bytes }, 5);
          expect(chunks.flatMap((chunk) => chunk.messages)).toEqual(given);
          for (const chunk of chunks) {
            const size = chunk.messages.reduce((sum, { payload }) => sum + payload.length, 0);
            expect(chunk.messages.length).toBeGreaterThan(0);
            expect(chunk.messages.length).toBeLessThanOrEqual(messages);
            expect(chunk.messages.length === 1 || size <= bytes).toBe(true);
          }
        },
      ),
    );
  });
});

describe('checkExactlyOnce', () => {
  const safe = {
    name: 'S',
    num_replicas: 3,
    storage: 'file',
    retention: 'limits',
    max_age: 0,
    duplicate_window: 120e9,
    allow_atomic: true,
  } as ExactlyOnceStream;
  const atomic: ExactlyOncePlan = { by: 'atomic-batches', maximumOutageMs: 0, acceptUnsafeStream: false };
  const ids: ExactlyOncePlan = { by: 'deduplication', maximumOutageMs: 60_000, acceptUnsafeStream: false };

  it('when the stream is safe, then it is taken by either way', () => {
    checkExactlyOnce(safe, 2, atomic);
    checkExactlyOnce({ ...safe, allow_atomic: false }, 0, ids);
    checkExactlyOnce({ ...safe, max_age: 1, allow_msg_ttl: true }, 3, atomic);
    expect(() =>
      checkExactlyOnce({ ...safe, num_replicas: 1 }, 2, { ...atomic, acceptUnsafeStream: true }),
    ).not.toThrow();
  });

  it.each<[Partial<ExactlyOnceStream>, number, ExactlyOncePlan, string]>([
    [{ num_replicas: 1 }, 2, atomic, '1 replica'],
    [{ storage: 'memory' as never }, 2, ids, 'in memory'],
    [{ persist_mode: 'async' }, 2, atomic, 'before they are on a disk'],
    [{}, 1, atomic, 'older than 2.12'],
    [{ allow_atomic: false }, 2, atomic, 'allow_atomic'],
    [{ retention: 'interest' as never }, 2, atomic, 'nobody waits for'],
    [{ max_age: 1 }, 2, atomic, 'allow_msg_ttl'],
    [{ duplicate_window: 59e9 }, 2, ids, 'duplicate_window longer'],
  ])('when it has %j at API level %i, then it is refused with the reason', (fault, level, plan, reason) => {
    expect(() => checkExactlyOnce({ ...safe, ...fault }, level, plan)).toThrow(reason);
  });
});

describe('DeduplicatingCommitter', () => {
  let already = 0;
  const request = (preparedAt: number, recovered: boolean): CommitRequest<StagedChunk> => ({
    committable: { messages: [{ subject: 's', payload: new Uint8Array(), records: 0 }], preparedAt },
    checkpointId: 1,
    subtask: 0,
    stem: 'j/o/0',
    id: 'j/o/0/1/0',
    recovered,
    signalAlreadyCommitted: () => {
      already += 1;
    },
  });

  it('when the stream has all messages of a committable, then that is committed already; when it lacks one, then it is not', async () => {
    const stored = new Set(['j/o/0/1/0/0']);
    let bytes = 0;
    const publisher = {
      pending: () => undefined,
      publish: (_subject: string, payload: Uint8Array, fields: Required<PublishFields>) => {
        bytes += payload.length;
        if (stored.has(fields.messageId ?? '')) fields.onDuplicate();
      },
      flush: () => Promise.resolve(),
      get bytes() {
        return bytes;
      },
    } as unknown as Publisher;
    const committer = new DeduplicatingCommitter(
      () => Promise.resolve(publisher),
      1_000,
      () => 0,
    );
    expect(committer.bytesSent()).toBe(0);
    const message = { subject: 's', payload: new Uint8Array(7), records: 0 };
    const two = { ...request(0, true), committable: { messages: [message, message], preparedAt: 0 } };
    already = 0;
    await committer.commit([two]);
    expect([already, committer.bytesSent()]).toEqual([0, 14]);
    stored.add('j/o/0/1/0/1');
    await committer.commit([two]);
    expect([already, committer.bytesSent()]).toEqual([1, 28]);
  });

  it('when what may be stored is older than the outage it stands, then it is not published again', async () => {
    const published: string[] = [];
    let [now, fails] = [0, true];
    const publisher = {
      pending: () => undefined,
      publish: (_subject: string, _payload: Uint8Array, { messageId }: { messageId: string }) =>
        void published.push(messageId),
      flush: () => (fails ? Promise.reject(new Error('away')) : Promise.resolve()),
      close: () => Promise.resolve(),
    } as unknown as Publisher;
    const committer = new DeduplicatingCommitter(
      () => Promise.resolve(publisher),
      1_000,
      () => now,
    );
    now = 5_000;
    await expect(committer.commit([request(0, true)])).rejects.toMatchObject({ name: 'OutageTooLongError' });
    // Never tried, so it cannot be there, however old.
    await expect(committer.commit([request(0, false)])).rejects.toThrow('away');
    expect(published).toEqual(['j/o/0/1/0/0']);
    fails = false;
    await expect(committer.commit([request(0, false)])).rejects.toMatchObject({ retryable: false });
    await committer.commit([request(4_500, true)]);
    expect(published).toHaveLength(2);
  });
});
