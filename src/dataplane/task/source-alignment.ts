import { MIN_WATERMARK } from '../../base/time.ts';
import type { SourceReader, SourceSplit } from '../../functions/source.ts';
import type { WatermarkAlignment } from '../../functions/watermark.ts';
import { GroupAlignment } from './group-alignment.ts';
import { SplitAlignment } from './split-alignment.ts';
import type { TaskEnvironment } from './task.ts';

/** What alignment reads of a split, and when it last had records, which it sets. */
export interface AlignedSplitTime {
  readonly watermark: number;
  activeAt: number;
}

export interface SourceAlignmentOptions {
  readonly alignment: WatermarkAlignment;
  readonly idlenessMs: number | undefined;
  readonly vertexName: string;
  readonly environment: TaskEnvironment;
  readonly reader: Pick<SourceReader<unknown, SourceSplit>, 'pauseOrResumeSplits'>;
  /** Splits in hand. */
  readonly splits: ReadonlyMap<string, AlignedSplitTime>;
  /** Whether there is, or may come, something to read. */
  readonly reads: () => boolean;
}

/**
 * Watermark alignment of a source's task: a split that is more than the drift ahead of the smallest watermark, of the task's own
 * splits and of the other subtasks of the group, is paused; a task that is ahead with all its splits reads nothing.
 * The split that is last in the group is never held, so that a group always goes on.
 */
export class SourceAlignment {
  readonly #options: SourceAlignmentOptions;
  readonly #group: GroupAlignment;
  readonly #splitAlignment: SplitAlignment | undefined;
  #held = true;
  #started = false;

  constructor(options: SourceAlignmentOptions) {
    this.#options = options;
    const { alignment, environment, reader, vertexName } = options;
    this.#group = new GroupAlignment({
      alignment,
      clock: environment.clock,
      watermark: () => this.#ownWatermark(),
      report: (watermark, intervalMs) => environment.reportWatermark(watermark, intervalMs),
      changed: () => environment.wake(),
    });
    if (reader.pauseOrResumeSplits === undefined) {
      environment.logger.info(
        'splits of a subtask are not aligned with each other: the reader cannot pause them',
        {
          vertexName,
        },
      );
      return;
    }
    this.#splitAlignment = new SplitAlignment(alignment.maxDriftMs, (toPause, toResume) =>
      reader.pauseOrResumeSplits?.(toPause, toResume),
    );
  }

  start(): void {
    this.#group.start();
  }

  /** Whether the source must not be polled now. */
  get held(): boolean {
    return this.#held;
  }

  /** How far its smallest watermark is ahead of the smallest of the group, ms; undefined while either is not known. */
  get drift(): number | undefined {
    const { splits, idlenessMs, environment } = this.#options;
    const own = smallest(splits, environment.clock.monotonic() - (idlenessMs ?? Number.POSITIVE_INFINITY));
    const { othersMinimum } = this.#group;
    if (own === undefined || own <= MIN_WATERMARK || othersMinimum <= MIN_WATERMARK) return undefined;
    return Math.max(0, own - othersMinimum);
  }

  /** Looks at all watermarks again. Returns whether there is more to read than before. */
  update(): boolean {
    const { alignment, splits } = this.#options;
    const now = this.#options.environment.clock.monotonic();
    const idleBefore = now - (this.#options.idlenessMs ?? Number.POSITIVE_INFINITY);
    const { othersMinimum } = this.#group;
    const wasHeld = this.#held;
    const own = smallest(splits, idleBefore);
    this.#held = own !== undefined && own > othersMinimum + alignment.maxDriftMs;
    const resumed = this.#splitAlignment?.update(seen(splits, idleBefore), othersMinimum) ?? false;
    // Splits that may not speak are not idle: their watermark still counts.
    for (const [splitId, split] of splits)
      if (this.#held || this.#splitAlignment?.isPaused(splitId) === true) split.activeAt = now;
    return resumed || (wasHeld && !this.#held);
  }

  /** Splits have come, or none will: others may wait for that. */
  changed(): void {
    this.#group.reportNow();
  }

  close(): void {
    this.#group.close();
  }

  #ownWatermark(): number | undefined {
    const { splits, reads, idlenessMs, environment } = this.#options;
    const starting = !this.#started;
    this.#started = true;
    if (!reads()) return undefined;
    // The first splits are on their way: others wait for them, an interval long.
    if (splits.size === 0) return starting ? MIN_WATERMARK : undefined;
    return smallest(splits, environment.clock.monotonic() - (idlenessMs ?? Number.POSITIVE_INFINITY));
  }
}

/** Smallest watermark of splits that are not idle; undefined where there are none. */
function smallest(splits: ReadonlyMap<string, AlignedSplitTime>, idleBefore: number): number | undefined {
  let minimum: number | undefined;
  for (const { watermark, activeAt } of splits.values())
    if (activeAt > idleBefore && (minimum === undefined || watermark < minimum)) minimum = watermark;
  return minimum;
}

function seen(
  splits: ReadonlyMap<string, AlignedSplitTime>,
  idleBefore: number,
): Map<string, { readonly watermark: number; readonly idle: boolean }> {
  const result = new Map<string, { readonly watermark: number; readonly idle: boolean }>();
  for (const [splitId, { watermark, activeAt }] of splits)
    result.set(splitId, { watermark, idle: activeAt <= idleBefore });
  return result;
}
