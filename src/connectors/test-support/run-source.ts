import type {
  BadRecordPolicy,
  Source,
  SourceReader,
  SourceReaderContext,
  SourceSplit,
  SplitEnumerator,
  SplitEnumeratorContext,
} from '../../functions/source.ts';
import { operatorComponent } from '../../metrics/test-support/operator-component.ts';
import { InMemoryOperatorStateStore } from '../../state/index.ts';
import { UserError } from '../../base/errors.ts';
import { RestoredEnumerator } from '../split/restored-enumerator.ts';

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

/** What a checkpoint holds of a source: splits of its readers, by subtask, and those that no reader held. */
export interface SourceSnapshot<S> {
  readonly held: readonly (readonly S[])[];
  readonly open: readonly S[];
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

  readonly #restored: SourceSnapshot<S> | undefined;

  /** @param restored what to go on from, perhaps at another parallelism */
  constructor(source: Source<T, S>, options: RunOptions = {}, restored?: SourceSnapshot<S>) {
    this.#options = options;
    this.#restored = restored;
    const parallelism = options.parallelism ?? 1;
    const now = options.now ?? (() => Date.now());
    this.bySubtask = Array.from({ length: parallelism }, () => []);
    const context: SplitEnumeratorContext<S> = {
      parallelism,
      now,
      assignSplits: (subtask, splits) => {
        this.assigned.push(...splits.map((split) => `${subtask}:${split.splitId}`));
        this.readers[subtask]?.addSplits(structuredClone(splits));
      },
      signalNoMoreSplits: (subtask) => this.readers[subtask]?.notifyNoMoreSplits(),
    };
    this.enumerator =
      restored === undefined
        ? source.createEnumerator(context)
        : (source.restoreEnumerator?.(context, restored.open) ??
          new RestoredEnumerator(context, restored.open));
    this.readers = this.bySubtask.map((_, subtask) =>
      source.createReader(this.#context(subtask, parallelism, now)),
    );
  }

  async start(): Promise<void> {
    await this.enumerator.start();
    for (const [subtask, reader] of this.readers.entries()) {
      const held = this.#heldBy(subtask);
      if (held.length > 0) reader.addSplits(held);
      await reader.start();
    }
  }

  /** As a checkpoint between two batches would take it. */
  snapshot(): SourceSnapshot<S> {
    return structuredClone({
      held: this.readers.map((reader) => reader.snapshotState()),
      open: this.enumerator.snapshotState(),
    });
  }

  #heldBy(subtask: number): readonly S[] {
    const held = this.#restored?.held ?? [];
    if (held.length === this.readers.length) return held[subtask] ?? [];
    return held.flat().filter((_, index) => index % this.readers.length === subtask);
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
    const metrics = operatorComponent();
    return {
      metricGroup: () => metrics.group,
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
