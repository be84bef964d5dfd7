import type {
  BadRecordPolicy,
  Source,
  SourceReader,
  SourceReaderContext,
  SourceSplit,
  SplitEnumerator,
} from '../../functions/source.ts';
import { InMemoryOperatorStateStore } from '../../state/index.ts';
import { UserError } from '../../base/errors.ts';

export interface BadReport {
  readonly policy: BadRecordPolicy;
  readonly where: string;
  readonly raw: string;
  readonly cause: unknown;
}

export interface SourceRun<T> {
  /** Values by subtask, in the order read. */
  readonly bySubtask: readonly T[][];
  readonly values: readonly T[];
  readonly bad: readonly BadReport[];
  /** Splits in the order assigned, as `subtask:splitId`. */
  readonly assigned: readonly string[];
}

export interface RunOptions {
  readonly parallelism?: number;
  readonly maxRecords?: number;
  /** Stop after so many values; the readers' splits are left in `state`. */
  readonly stopAfter?: number;
  readonly now?: () => number;
}

/** Runs a source as the coordinator and its tasks would: one enumerator, readers polled in turn until all end. */
export async function runSource<T, S extends SourceSplit>(
  source: Source<T, S>,
  options: RunOptions = {},
): Promise<SourceRun<T>> {
  const run = new SourceHarness(source, options);
  await run.start();
  try {
    await run.readToEnd();
    return run.result();
  } finally {
    await run.close();
  }
}

export class SourceHarness<T, S extends SourceSplit> {
  readonly bad: BadReport[] = [];
  readonly assigned: string[] = [];
  readonly bySubtask: T[][];
  readonly readers: SourceReader<T, S>[];
  readonly enumerator: SplitEnumerator<S>;
  readonly slept: number[] = [];
  readonly #options: RunOptions;
  readonly #ended = new Set<number>();
  readonly #registered = new Set<number>();

  constructor(source: Source<T, S>, options: RunOptions = {}) {
    this.#options = options;
    const parallelism = options.parallelism ?? 1;
    const now = options.now ?? (() => Date.now());
    this.bySubtask = Array.from({ length: parallelism }, () => []);
    this.enumerator = source.createEnumerator({
      parallelism,
      now,
      assignSplits: (subtask, splits) => {
        this.assigned.push(...splits.map((split) => `${subtask}:${split.splitId}`));
        this.readers[subtask]?.addSplits(structuredClone(splits));
      },
      signalNoMoreSplits: (subtask) => this.readers[subtask]?.notifyNoMoreSplits(),
    });
    this.readers = this.bySubtask.map((_, subtask) =>
      source.createReader(this.#context(subtask, parallelism, now)),
    );
  }

  async start(): Promise<void> {
    await this.enumerator.start();
    for (const reader of this.readers) await reader.start();
  }

  /** Polls every reader in turn until all end, or until `stopAfter` values are read. */
  async readToEnd(): Promise<void> {
    const { maxRecords = 100, stopAfter = Infinity } = this.#options;
    while (this.#ended.size < this.readers.length && this.count < stopAfter) {
      let progress = false;
      for (const [subtask, reader] of this.readers.entries()) {
        if (this.#ended.has(subtask)) continue;
        const batch = reader.poll(maxRecords);
        if (batch === 'waiting') continue;
        progress = true;
        if (batch === 'end') this.#ended.add(subtask);
        else this.bySubtask[subtask]?.push(...batch.values);
      }
      if (!progress)
        await Promise.race(
          this.readers.filter((_, i) => !this.#ended.has(i)).map((reader) => reader.available()),
        );
    }
  }

  get count(): number {
    return this.bySubtask.reduce((sum, values) => sum + values.length, 0);
  }

  result(): SourceRun<T> {
    return {
      bySubtask: this.bySubtask,
      values: this.bySubtask.flat(),
      bad: this.bad,
      assigned: this.assigned,
    };
  }

  async close(): Promise<void> {
    for (const reader of this.readers) await reader.close();
    await this.enumerator.close();
  }

  #context(subtaskIndex: number, parallelism: number, now: () => number): SourceReaderContext {
    const operatorState = new InMemoryOperatorStateStore();
    return {
      getOperatorStateStore: () => operatorState,
      subtaskIndex,
      parallelism,
      now,
      sendSplitRequest: () => {
        queueMicrotask(() => {
          if (!this.#registered.has(subtaskIndex)) {
            this.#registered.add(subtaskIndex);
            this.enumerator.addReader(subtaskIndex);
          }
          this.enumerator.handleSplitRequest(subtaskIndex);
        });
      },
      sleep: (ms) => {
        this.slept.push(ms);
        return Promise.resolve();
      },
      reportBadRecord: (policy, where, raw, cause) => {
        this.bad.push({ policy, where, raw, cause });
        const reason = cause instanceof Error ? cause.message : String(cause);
        if (policy === 'fail')
          throw new UserError(`cannot decode the record at ${where}: ${reason}`, { cause });
      },
    };
  }
}
