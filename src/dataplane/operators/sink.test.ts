import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ExternalError, UserError } from '../../base/errors.ts';
import { END_OF_INPUT_CHECKPOINT } from '../../functions/sink.ts';
import type { CommitRequest, Committer, Sink } from '../../functions/sink.ts';
import { TwoPhaseCommitSink } from '../../functions/two-phase-commit-sink.ts';
import { ChainHarness } from '../test-support/chain-harness.ts';
import { SinkJob } from '../test-support/sink-job.ts';
import type { CommittableCounts } from './committable-counts.ts';
import { sinkOperator } from './index.ts';
import { SinkOperator } from './sink.ts';

/** A target that stores rows and a marker per stem as one; `fail` makes the next commits fail, before or after they were made. */
class Target {
  readonly rows: number[] = [];
  readonly markers = new Map<string, number>();
  readonly faults: ('before' | 'after')[] = [];

  sink(): Sink<number, readonly number[]> {
    return {
      createWriter: () => {
        let rows: number[] = [];
        return {
          write: (value) => void rows.push(value),
          flush: () => {},
          prepareCommit: () => {
            const prepared = rows;
            rows = [];
            return prepared.length === 0 ? [] : [prepared];
          },
          close: () => {},
        };
      },
      createCommitter: () => ({ commit: (requests) => this.#commit(requests) }),
    };
  }

  #commit(requests: readonly CommitRequest<readonly number[]>[]): void {
    const fault = this.faults.shift();
    if (fault === 'before') throw new ExternalError('the target is away');
    for (const request of requests) {
      const { stem, checkpointId, committable } = request;
      if (checkpointId <= (this.markers.get(stem) ?? 0)) {
        request.signalAlreadyCommitted();
        continue;
      }
      this.markers.set(stem, checkpointId);
      this.rows.push(...committable);
    }
    if (fault === 'after') throw new ExternalError('the answer was lost');
  }
}

function committablesOf(job: SinkJob): CommittableCounts | undefined {
  const operator = job.subtasks[0]?.chain.members[0]?.operator;
  return operator instanceof SinkOperator ? operator.committables : undefined;
}

const upTo = (end: number): number[] => Array.from({ length: end }, (_, index) => index);
const sorted = (values: readonly number[]): number[] => values.toSorted((a, b) => a - b);

/** Runs the clocks of all subtasks until the promise settles: commits that failed are tried again by them. */
async function settle(job: SinkJob, work: Promise<unknown>): Promise<void> {
  let settled = false;
  const done = work.finally(() => (settled = true));
  done.catch(() => {});
  while (!settled) {
    for (const { clock } of job.subtasks) await clock.runFor(60_000);
    await new Promise((resolve) => setImmediate(resolve));
  }
  await done;
}

type Act =
  | { readonly kind: 'write'; readonly records: number }
  | { readonly kind: 'snapshot' | 'decide' | 'notify' | 'notify one' | 'fault before' | 'fault after' }
  | { readonly kind: 'crash'; readonly parallelism: number };

const acts: fc.Arbitrary<Act> = fc.oneof(
  fc.record({ kind: fc.constant('write' as const), records: fc.integer({ min: 1, max: 9 }) }),
  fc.record({
    kind: fc.constantFrom('snapshot', 'decide', 'notify', 'notify one', 'fault before', 'fault after'),
  }),
  fc.record({ kind: fc.constant('crash' as const), parallelism: fc.integer({ min: 1, max: 4 }) }),
);

describe('a sink with a committer', () => {
  it('when the job crashes anywhere and comes back at any parallelism, then every record is committed once', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(acts, { maxLength: 40 }), async (script) => {
        const target = new Target();
        const job = new SinkJob(() => target.sink());
        await job.start(2);
        const taken: number[] = [];
        const decided: number[] = [];
        for (const act of script) {
          switch (act.kind) {
            case 'write':
              job.write(act.records);
              break;
            case 'snapshot':
              taken.push(await job.snapshot());
              break;
            case 'decide': {
              const id = taken.shift();
              if (id === undefined) break;
              job.decide(id);
              decided.push(id);
              break;
            }
            case 'notify':
              if (decided.length > 0) await settle(job, job.notify(decided.pop() as number));
              break;
            case 'notify one':
              if (decided.length > 0) await settle(job, job.notify(decided[0] as number, 0));
              break;
            case 'fault before':
            case 'fault after':
              target.faults.push(act.kind === 'fault before' ? 'before' : 'after');
              break;
            case 'crash':
              taken.length = 0;
              decided.length = 0;
              job.crash();
              await settle(job, job.start(act.parallelism));
              expect(sorted(target.rows)).toEqual(upTo(job.decided));
          }
          expect(target.rows.every((row) => row < job.decided)).toBe(true);
        }
        await settle(job, job.end());
        expect(sorted(target.rows)).toEqual(upTo(job.next));
      }),
      { numRuns: 300 },
    );
  });

  it('when two checkpoints wait and one notice comes, then both are committed in order and counted', async () => {
    const target = new Target();
    const job = new SinkJob(() => target.sink());
    await job.start(1);
    job.write(2);
    await job.snapshot();
    job.write(3);
    const second = await job.snapshot();
    const counters = job.subtasks[0]?.counters;
    expect(counters).toMatchObject({ pendingCommittables: 2, successfulCommittables: 0 });
    target.faults.push('after');
    job.decide(second);
    await settle(job, job.notify(second));
    expect(target.rows).toEqual([0, 1, 2, 3, 4]);
    expect(counters).toMatchObject({
      pendingCommittables: 0,
      successfulCommittables: 2,
      retriedCommittables: 1,
    });
    expect(committablesOf(job)).toMatchObject({
      total: 2,
      successful: 1,
      alreadyCommitted: 1,
      retried: 1,
      failed: 0,
      pending: 0,
    });
    expect(job.subtasks[0]?.logger.lines).toMatchObject([
      { level: 'warn', fields: { commit: 'job/op-0/0/1/0', pauseMs: 100 } },
    ]);
  });

  it('when no checkpoint follows, then the end of the input commits everything under an id of its own, and the log says so', async () => {
    const target = new Target();
    const job = new SinkJob(() => target.sink() as Sink<never>, false);
    await job.start(2);
    job.write(5);
    expect(target.rows).toEqual([]);
    await job.end();
    expect(sorted(target.rows)).toEqual(upTo(5));
    expect([...target.markers.values()]).toEqual([END_OF_INPUT_CHECKPOINT, END_OF_INPUT_CHECKPOINT]);
    expect(job.subtasks.map(({ logger }) => logger.lines.length)).toEqual([1, 0]);
    expect(job.subtasks[0]?.logger.lines[0]?.message).toContain('no checkpoint follows');
  });

  it('when a commit fails for good, then the notice rejects with it and nothing is tried again', async () => {
    let tries = 0;
    const refused = new UserError('the table is gone');
    const sink = { ...new Target().sink(), createCommitter: (): Committer<never> => ({ commit: refuse }) };
    function refuse(): never {
      tries += 1;
      throw refused;
    }
    const job = new SinkJob(() => sink);
    await job.start(1);
    job.write(1);
    const id = await job.snapshot();
    await expect(job.notify(id)).rejects.toBe(refused);
    expect(tries).toBe(1);
    expect(committablesOf(job)).toMatchObject({ failed: 1, successful: 0, pending: 1 });
  });

  it('when it is closed while a commit is tried again, then the trying ends', async () => {
    const target = new Target();
    const job = new SinkJob(() => target.sink());
    await job.start(1);
    job.write(1);
    const id = await job.snapshot();
    target.faults.push('before', 'before');
    const committing = job.notify(id);
    const outcome = expect(committing).rejects.toThrow('closed before it had committed');
    await new Promise((resolve) => setImmediate(resolve));
    await job.subtasks[0]?.chain.close(true);
    await outcome;
    expect(target.rows).toEqual([]);
    expect(job.subtasks[0]?.clock.timers).toEqual([]);
  });

  it('when a writer prepares and nobody commits, then the sink is refused', async () => {
    const target = new Target().sink();
    const sink: Sink<number> = { createWriter: (context) => target.createWriter(context) };
    await expect(ChainHarness.open([sinkOperator(sink)])).rejects.toThrow('no createCommitter()');
  });
});

/** Transactions by name, as a database would hold them. */
class Transactions extends TwoPhaseCommitSink<number, { name: string }> {
  readonly open = new Map<string, number[]>();
  readonly prepared = new Map<string, number[]>();
  readonly committed = new Map<string, number[]>();
  readonly calls: string[] = [];
  #begun = 0;

  beginTransaction(): { name: string } {
    const name = `t${(this.#begun += 1)}`;
    this.open.set(name, []);
    return { name };
  }
  invoke({ name }: { name: string }, value: number): void {
    this.open.get(name)?.push(value);
  }
  preCommit({ name }: { name: string }): void {
    this.prepared.set(name, this.open.get(name) ?? []);
    this.open.delete(name);
  }
  commit({ name }: { name: string }): void {
    const rows = this.prepared.get(name);
    if (rows !== undefined) this.committed.set(name, rows);
    this.prepared.delete(name);
  }
  abort({ name }: { name: string }): void {
    this.open.delete(name);
    this.prepared.delete(name);
  }
  override recoverAndCommit(transaction: { name: string }): void {
    this.calls.push(`recover ${transaction.name}`);
    this.commit(transaction);
  }
  override recoverAndAbort(transaction: { name: string }): void {
    this.calls.push(`abort ${transaction.name}`);
    this.abort(transaction);
  }
  get rows(): number[] {
    return sorted([...this.committed.values()].flat());
  }
}

describe('TwoPhaseCommitSink', () => {
  it('when it crashes after the decision, then the checkpoint is committed and what was begun after it is aborted', async () => {
    const sink = new Transactions();
    const job = new SinkJob(() => sink);
    await job.start(1);
    job.write(3);
    const id = await job.snapshot();
    job.write(2);
    job.decide(id);
    job.crash();
    await job.start(1);
    expect(sink.calls).toEqual(['recover t1', 'abort t2']);
    expect(sink.rows).toEqual(upTo(3));
    job.write(4);
    await job.end();
    expect(sink.rows).toEqual(upTo(7));
    expect([...sink.open.keys(), ...sink.prepared.keys()]).toEqual([]);
  });

  it('when it crashes before the decision, then the transaction of that checkpoint is aborted and its records come again', async () => {
    const sink = new Transactions();
    const job = new SinkJob(() => sink);
    await job.start(1);
    job.write(1);
    await job.checkpoint();
    job.write(3);
    await job.snapshot();
    job.crash();
    await job.start(1);
    expect(sink.rows).toEqual([0]);
    job.write(3);
    await job.end();
    expect(sink.rows).toEqual(upTo(4));
  });
});
