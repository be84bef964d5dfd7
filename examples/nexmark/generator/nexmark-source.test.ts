import { describe, expect, it } from 'vitest';
import type { SourceReader, SourceReaderContext } from 'millrace';
import { NexmarkSource } from './nexmark-source.ts';
import type { NexmarkSplit } from './nexmark-source.ts';
import type { NexmarkEvent } from './records.ts';

function readerOf(
  source: NexmarkSource,
  splits: readonly NexmarkSplit[],
  now: () => number = () => 0,
): SourceReader<NexmarkEvent, NexmarkSplit> {
  const context: SourceReaderContext = {
    subtaskIndex: 0,
    parallelism: 1,
    now,
    metricGroup: () => {
      throw new Error('no metrics expected');
    },
    getOperatorStateStore: () => {
      throw new Error('no operator state expected');
    },
    sendSplitRequest: () => {},
    sleep: () => Promise.resolve(),
    reportBadRecord: () => {},
  };
  const reader = source.createReader(context);
  reader.addSplits(splits);
  reader.notifyNoMoreSplits();
  return reader;
}

function read(reader: SourceReader<NexmarkEvent, NexmarkSplit>, batches = Infinity): NexmarkEvent[] {
  const events: NexmarkEvent[] = [];
  for (let i = 0; i < batches; i += 1) {
    const batch = reader.poll(100);
    if (typeof batch === 'string') break;
    expect([...(batch.timestamps as Float64Array).slice(0, batch.values.length)]).toEqual(
      batch.values.map(({ dateTime }) => dateTime),
    );
    events.push(...batch.values);
  }
  return events;
}

/** Splits as the enumerator hands them to the subtasks of a source. */
async function splitsOf(source: NexmarkSource, parallelism: number): Promise<NexmarkSplit[][]> {
  const bySubtask: NexmarkSplit[][] = Array.from({ length: parallelism }, () => []);
  const enumerator = source.createEnumerator({
    parallelism,
    assignSplits: (subtask, splits) => bySubtask[subtask]?.push(...splits),
    signalNoMoreSplits: () => {},
    now: () => 0,
  });
  await enumerator.start();
  for (let subtask = 0; subtask < parallelism; subtask += 1) enumerator.handleSplitRequest(subtask);
  return bySubtask;
}

const sorted = (events: readonly NexmarkEvent[]): string[] =>
  events.map((event) => JSON.stringify(event)).toSorted();

describe('NexmarkSource', () => {
  it('when read at different parallelism then the events are the same', async () => {
    const source = new NexmarkSource({ numEvents: 2_003 });
    const readAt = async (parallelism: number): Promise<string[]> =>
      sorted((await splitsOf(source, parallelism)).flatMap((splits) => read(readerOf(source, splits))));
    const one = await readAt(1);
    expect(one).toHaveLength(2_003);
    expect(await readAt(3)).toEqual(one);
  });

  it('when a reader goes on from a snapshot then it continues with the next event of each split', async () => {
    const source = new NexmarkSource({ numEvents: 2_003 });
    const [splits = []] = await splitsOf(source, 1);
    const whole = read(readerOf(source, splits));
    const first = readerOf(source, splits);
    const before = read(first, 7);
    const after = read(readerOf(source, first.snapshotState()));
    expect(sorted([...before, ...after])).toEqual(sorted(whole));
    expect(before).toEqual(whole.slice(0, before.length));
  });

  it('when events wait for their time then no event comes before it', async () => {
    let now = 5_000;
    const source = new NexmarkSource({ numEvents: 400, firstEventRate: 100, maxEmitSpeed: false });
    const [splits = []] = await splitsOf(source, 1);
    const reader = readerOf(source, splits, () => now);
    expect(reader.poll(100)).toBe('waiting');
    now += 1_000;
    expect(read(reader)).toHaveLength(100);
    expect(reader.poll(100)).toBe('waiting');
    now += 10_000;
    expect(read(reader)).toHaveLength(300);
    expect(reader.poll(100)).toBe('end');
  });

  it('when no number of events is given then the source never ends', () => {
    expect(new NexmarkSource().boundedness).toBe('continuous-unbounded');
    expect(new NexmarkSource({ numEvents: 1 }).boundedness).toBe('bounded');
  });
});
