import { cpSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { SinkJob } from '../../dataplane/test-support/sink-job.ts';
import { DeliveryGuarantee } from '../../functions/sink.ts';
import type { CommitRequest, Sink } from '../../functions/sink.ts';
import { temporaryFolder } from '../test-support/temporary-folder.ts';
import { writerContext } from '../test-support/writer-context.ts';
import { FileCommitError, FileCommitter } from './file-committer.ts';
import type { PendingFile } from './file-committer.ts';
import { FileSink } from './file-sink.ts';

const root = temporaryFolder();
let folders = 0;
const newFolder = (): string => join(root, `out-${(folders += 1)}`);

const files = (folder: string): string[] => readdirSync(folder).sort();
const hidden = (folder: string): string[] => files(folder).filter((name) => name.startsWith('.'));
/** The records in files that have their names, in the order of the numbers. */
function visible(folder: string): number[] {
  return files(folder)
    .filter((name) => !name.startsWith('.'))
    .flatMap((name) => readFileSync(join(folder, name), 'utf8').split('\n').slice(0, -1).map(Number))
    .sort((a, b) => a - b);
}
const upTo = (end: number): number[] => Array.from({ length: end }, (_, index) => index);

/** A sink whose commits stop for ever after so many files, as the process does that is killed there. */
function dyingSink(folder: string, filesLeft: () => number): Sink<never> {
  const sink = FileSink.jsonLines<number>(folder, { rollingBytes: 6 });
  const committer = new FileCommitter();
  return {
    createWriter: (context) => sink.createWriter(context),
    createCommitter: () => ({
      commit: async (requests: readonly CommitRequest<PendingFile>[]) => {
        const count = filesLeft();
        if (count >= requests.length) return committer.commit(requests);
        await committer.commit(requests.slice(0, count));
        return new Promise<void>(() => {});
      },
    }),
  } as Sink<never>;
}

/** kill -9: what is on the disk stays as it is. */
async function kill(job: SinkJob, folder: string): Promise<void> {
  const copy = `${folder}.copy`;
  cpSync(folder, copy, { recursive: true });
  for (const { chain } of job.subtasks) await chain.close(true);
  rmSync(folder, { recursive: true });
  cpSync(copy, folder, { recursive: true });
  rmSync(copy, { recursive: true });
  job.crash();
}

type Act =
  | { readonly kind: 'write'; readonly records: number }
  | { readonly kind: 'snapshot' | 'decide' | 'notify' }
  | { readonly kind: 'kill'; readonly parallelism: number; readonly committed: number };

const acts: fc.Arbitrary<Act> = fc.oneof(
  fc.record({ kind: fc.constant('write' as const), records: fc.integer({ min: 1, max: 12 }) }),
  fc.record({ kind: fc.constantFrom('snapshot', 'decide', 'notify') }),
  fc.record({
    kind: fc.constant('kill' as const),
    parallelism: fc.integer({ min: 1, max: 3 }),
    committed: fc.integer({ min: 0, max: 4 }),
  }),
);

describe('FileSink with checkpoints', () => {
  it('when the process is killed anywhere, also between two renames, then every record is in the files once', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(acts, { maxLength: 25 }), async (script) => {
        const folder = newFolder();
        let left = Infinity;
        const job = new SinkJob(() => dyingSink(folder, () => left));
        await job.start(2);
        let [taken, decided]: [number[], number[]] = [[], []];
        for (const act of script) {
          switch (act.kind) {
            case 'write':
              job.write(act.records);
              break;
            case 'snapshot':
              taken.push(await job.snapshot());
              break;
            case 'decide':
              decided.push(...taken.splice(0, 1));
              if (decided.length > 0) job.decide(decided.at(-1) as number);
              break;
            case 'notify':
              for (const id of decided.splice(0)) await job.notify(id);
              break;
            case 'kill': {
              left = act.committed;
              for (const id of decided) void job.notify(id).catch(() => {});
              await new Promise((resolve) => setTimeout(resolve, 2));
              await kill(job, folder);
              left = Infinity;
              [taken, decided] = [[], []];
              await job.start(act.parallelism);
              expect(visible(folder)).toEqual(upTo(job.decided));
              expect(hidden(folder)).toEqual([]);
            }
          }
        }
        await job.end();
        expect(visible(folder)).toEqual(upTo(job.next));
        expect(hidden(folder)).toEqual([]);
      }),
      { numRuns: 60 },
    );
  }, 60_000);

  it('when a checkpoint is not complete, then readers see nothing of it', async () => {
    const folder = newFolder();
    const job = new SinkJob(() => FileSink.jsonLines<number>(folder));
    await job.start(1);
    job.write(3);
    const id = await job.snapshot();
    job.write(2);
    expect(visible(folder)).toEqual([]);
    job.decide(id);
    await job.notify(id);
    expect(visible(folder)).toEqual([0, 1, 2]);
    expect(files(folder).at(-1)).toMatch(/^part-[0-9a-f]{12}-0-1-0\.jsonl$/);
    await job.end();
    expect(visible(folder)).toEqual(upTo(5));
  });

  it('when the job takes no checkpoints, then the end of the input names the files, and a rerun replaces them', async () => {
    const folder = newFolder();
    for (const records of [9, 5]) {
      const job = new SinkJob(() => FileSink.jsonLines<number>(folder, { rollingBytes: 4 }), false);
      await job.start(2);
      job.write(records);
      await job.end();
      expect(visible(folder)).toEqual(upTo(records));
    }
    expect(files(folder)).toEqual(['part-0-0.jsonl', 'part-0-1.jsonl', 'part-1-0.jsonl']);
  });

  it('when only a savepoint is taken, then its part is committed and the rest follows at the end of the input', async () => {
    const folder = newFolder();
    const job = new SinkJob(() => FileSink.jsonLines<number>(folder) as Sink<never>, false);
    await job.start(1);
    job.write(3);
    await job.checkpoint();
    expect(visible(folder)).toEqual([0, 1, 2]);
    job.write(2);
    await job.end();
    expect(visible(folder)).toEqual(upTo(5));
    expect(hidden(folder)).toEqual([]);
  });

  it('when parts of other sinks and runs stand in the folder, then they stay', async () => {
    const folder = newFolder();
    mkdirSync(folder);
    const others = [
      '.part-0123456789ab-0-0.jsonl.inprogress-0',
      '.part-0123456789ab-0-7-0.jsonl.pending',
      'part-0-0.jsonl',
    ];
    for (const name of others) writeFileSync(join(folder, name), '');
    const job = new SinkJob(() => FileSink.jsonLines<number>(folder));
    await job.start(1);
    job.write(1);
    await job.end();
    expect(files(folder).filter((name) => others.includes(name))).toEqual(others);
    expect(visible(folder)).toEqual([0]);
  });
});

describe('FileCommitter', () => {
  const committer = new FileCommitter();
  let already = 0;
  const signalAlreadyCommitted = (): void => {
    already += 1;
  };
  const commit = (committable: PendingFile): Promise<void> =>
    committer.commit([
      {
        committable,
        checkpointId: 1,
        subtask: 0,
        stem: 's',
        id: 's/1/0',
        recovered: false,
        signalAlreadyCommitted,
      },
    ]);

  it('when it comes again, then a file that has its name is enough; when that is gone or another, then it fails for good', async () => {
    const folder = newFolder();
    mkdirSync(folder);
    const file = { folder, pending: '.a.pending', target: 'a', bytes: 3 };
    writeFileSync(join(folder, file.pending), 'abc');
    await commit(file);
    expect(already).toBe(0);
    await commit(file);
    expect(already).toBe(1);
    expect(files(folder)).toEqual(['a']);
    writeFileSync(join(folder, 'a'), 'abcd');
    await expect(commit(file)).rejects.toThrow('should have 3 bytes and has 4');
    rmSync(join(folder, 'a'));
    const gone = commit(file);
    await expect(gone).rejects.toBeInstanceOf(FileCommitError);
    await expect(gone).rejects.toMatchObject({ retryable: false });
    await expect(gone).rejects.toThrow('belongs to a complete checkpoint and is gone');
  });
});

describe('rolling by time', () => {
  afterEach(() => void vi.useRealTimers());

  it.each([
    ['old', { rolloverInterval: '10 s' }, [1, 2]],
    ['idle', { inactivityInterval: '10 s' }, [2, 1]],
  ])('when the part is %s, then the next record begins another one', async (_name, options, lines) => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    const folder = newFolder();
    let now = 0;
    const context = writerContext({ commitsAtCheckpoints: true, now: () => now });
    const writer = await FileSink.jsonLines<number>(folder, options).createWriter(context);
    const pass = (ms: number): void => {
      for (const end = now + ms; now < end; now += 1_000) vi.advanceTimersByTime(1_000);
    };
    pass(10_000);
    writer.write(1, 0);
    pass(10_000);
    if (_name === 'old') pass(10_000);
    writer.write(2, 0);
    if (_name === 'idle') pass(30_000);
    writer.write(3, 0);
    await writer.flush(false);
    const prepared = await writer.prepareCommit?.(1);
    expect(
      prepared?.map(({ pending }) => readFileSync(join(folder, pending), 'utf8').split('\n').length - 1),
    ).toEqual(lines);
    await writer.close(false);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('when an interval is none, then it is refused', () => {
    expect(() => FileSink.jsonLines('x', { rolloverInterval: 0 })).toThrow('rolloverInterval');
    expect(() => FileSink.jsonLines('x', { inactivityInterval: 'soon' })).toThrow('inactivityInterval');
  });

  it.each([DeliveryGuarantee.AT_LEAST_ONCE, DeliveryGuarantee.NONE])(
    'when %s is asked for and the process is killed anywhere, then no record that a checkpoint has is missing, and files have their names at once',
    async (deliveryGuarantee) => {
      await fc.assert(
        fc.asyncProperty(fc.array(acts, { maxLength: 20 }), async (script) => {
          const folder = newFolder();
          const job = new SinkJob(() =>
            FileSink.jsonLines<number>(folder, { rollingBytes: 6, deliveryGuarantee }),
          );
          await job.start(2);
          for (const act of script) {
            switch (act.kind) {
              case 'write':
                job.write(act.records);
                break;
              case 'snapshot':
              case 'decide':
              case 'notify': {
                const before = job.next;
                const id = await job.snapshot();
                // Before anybody knows whether the checkpoint is complete.
                expect(new Set(visible(folder))).toEqual(new Set(upTo(before)));
                if (act.kind === 'snapshot') break;
                job.decide(id);
                await job.notify(id);
                break;
              }
              case 'kill':
                await kill(job, folder);
                await job.start(act.parallelism);
                expect(hidden(folder)).toEqual([]);
            }
          }
          await job.end();
          expect(new Set(visible(folder))).toEqual(new Set(upTo(job.next)));
          expect(hidden(folder)).toEqual([]);
        }),
        { numRuns: 30 },
      );
    },
    60_000,
  );
});
