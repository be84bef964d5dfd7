import type { VertexId } from '../base/ids.ts';
import { ALIGNMENT_REPORTS_MISSED, ALIGNMENT_SILENCE_MS } from '../base/limits.ts';
import { MIN_WATERMARK } from '../base/time.ts';
import type { JobGraph } from '../graph/job-graph.ts';
import type { ExecutionRef } from './scheduler/state.ts';

/** What a subtask of a source says of itself. */
export interface WatermarkReport extends ExecutionRef {
  /** Undefined: it holds nobody back. */
  readonly watermark?: number | undefined;
  /** Time to its next report; ms. */
  readonly intervalMs: number;
}

/** One subtask as it was last heard. */
interface Member {
  readonly attempt: number;
  readonly watermark: number | undefined;
  /** Until when it counts; monotonic ms. */
  readonly silentAt: number;
}

/** Sources whose watermark strategies name the same group. */
interface Group {
  /** Subtasks in all. */
  size: number;
  readonly members: Map<string, Member>;
  /** Until when members that were never heard count; monotonic ms. */
  unheardUntil: number | undefined;
}

/**
 * How far the subtasks of one job's aligned sources have read, by group.
 *
 * Invariants:
 * W1. A subtask that was never heard holds the others of its group back, for as long as one that fell silent.
 * W2. One that finished, or has been silent for ten intervals and ten seconds, holds nobody back: lost messages, failures and
 *     frozen hosts delay a group, they cannot stop it.
 * W3. One that stopped without having finished counts as not begun until its next attempt is heard.
 */
export class WatermarkAlignment {
  readonly #groups = new Map<VertexId, Group>();

  constructor(graph: JobGraph) {
    const byName = new Map<string, Group>();
    for (const { id, alignmentGroup, parallelism } of graph.vertices) {
      if (alignmentGroup === undefined) continue;
      const group = byName.get(alignmentGroup) ?? { size: 0, members: new Map(), unheardUntil: undefined };
      byName.set(alignmentGroup, group);
      group.size += parallelism;
      this.#groups.set(id, group);
    }
  }

  /**
   * Takes a report; `now` is monotonic ms.
   * @returns the smallest watermark of the group's other subtasks; undefined where none holds anybody back
   */
  report(report: WatermarkReport, now: number): number | undefined {
    const group = this.#groups.get(report.vertexId);
    const own = keyOf(report);
    const { attempt, watermark, intervalMs } = report;
    if (group === undefined || isStale(group, own, attempt)) return undefined;
    const silentAt = now + Math.max(intervalMs * ALIGNMENT_REPORTS_MISSED, ALIGNMENT_SILENCE_MS);
    group.unheardUntil ??= silentAt;
    group.members.set(own, { attempt, watermark, silentAt });
    if (group.members.size < group.size && now < group.unheardUntil) return MIN_WATERMARK;
    let minimum: number | undefined;
    for (const [key, member] of group.members) {
      if (key === own || member.watermark === undefined || member.silentAt <= now) continue;
      if (minimum === undefined || member.watermark < minimum) minimum = member.watermark;
    }
    return minimum;
  }

  /** The subtask's attempt is over; `finished` when it has read everything. */
  stopped(ref: ExecutionRef, finished: boolean): void {
    const group = this.#groups.get(ref.vertexId);
    const key = keyOf(ref);
    if (group === undefined || isStale(group, key, ref.attempt)) return;
    const { attempt } = ref;
    const silentAt = group.members.get(key)?.silentAt ?? 0;
    if (finished) group.members.set(key, { attempt, watermark: undefined, silentAt });
    else if (silentAt > 0) group.members.set(key, { attempt, watermark: MIN_WATERMARK, silentAt });
  }
}

/** Whether a later attempt was heard already. */
function isStale(group: Group, key: string, attempt: number): boolean {
  return (group.members.get(key)?.attempt ?? attempt) > attempt;
}

function keyOf({ vertexId, subtaskIndex }: ExecutionRef): string {
  return `${vertexId}/${subtaskIndex}`;
}
