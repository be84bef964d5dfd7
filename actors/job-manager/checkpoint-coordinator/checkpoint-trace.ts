import type { JobId } from '../../../src/base/ids.ts';
import type {
  Acknowledgement,
  CompletedCheckpoint,
  PendingCheckpoint,
} from '../../../src/control/checkpoints/state.ts';
import type { ExecutionRef } from '../../../src/control/scheduler/state.ts';
import type { Span, TraceContext, Tracing } from '../../../src/ports/tracing.ts';

interface OpenCheckpoint {
  readonly span: Span;
  /** The part that is under way once all subtasks have acknowledged. */
  part: Span | undefined;
}

/**
 * One trace per checkpoint: of each subtask how long it aligned, held records back and wrote, then the decision and telling all
 * that they may commit. Barriers carry no trace context, being in the way of records: the parts of subtasks are drawn from what
 * they acknowledge.
 */
export class CheckpointTrace {
  readonly #tracing: Tracing;
  readonly #jobId: JobId;
  readonly #open = new Map<number, OpenCheckpoint>();

  constructor(tracing: Tracing, jobId: JobId) {
    this.#tracing = tracing;
    this.#jobId = jobId;
  }

  /** On whose behalf messages of a checkpoint are sent. */
  contextOf(checkpointId: number): TraceContext | undefined {
    const open = this.#open.get(checkpointId);
    return open?.part?.context ?? open?.span.context;
  }

  triggered(checkpointId: number, timestamp: number): void {
    if (!this.#tracing.enabled) return;
    const attributes = { 'millrace.job.id': this.#jobId, 'millrace.checkpoint.id': checkpointId };
    const span = this.#tracing.start('checkpoint', { startedAt: timestamp, attributes });
    this.#open.set(checkpointId, { span, part: undefined });
  }

  /** All subtasks have acknowledged; the decision is being written. */
  deciding({ checkpointId, timestamp, expected, acknowledged }: PendingCheckpoint): void {
    const open = this.#open.get(checkpointId);
    if (open === undefined) return;
    for (const [key, ref] of expected) {
      const acknowledgement = acknowledged.get(key);
      if (acknowledgement !== undefined)
        this.#drawSubtask(open.span.context, ref, timestamp, acknowledgement);
    }
    open.part = this.#tracing.start('decide', { parent: open.span.context });
  }

  /** The checkpoint stands; where it `commits`, subtasks are being told so. */
  completed({ checkpointId, stateBytes, checkpointedBytes }: CompletedCheckpoint, commits: boolean): void {
    const open = this.#open.get(checkpointId);
    if (open === undefined) return;
    open.part?.end();
    const attributes = {
      'millrace.checkpoint.state_bytes': stateBytes,
      'millrace.checkpoint.checkpointed_bytes': checkpointedBytes,
    };
    if (!commits) return this.ended(checkpointId);
    open.part = this.#tracing.start('commit', { parent: open.span.context, attributes });
  }

  /** Nothing more comes of it. */
  ended(checkpointId: number, error?: { readonly message: string }): void {
    const open = this.#open.get(checkpointId);
    if (open === undefined) return;
    this.#open.delete(checkpointId);
    open.part?.end({ error });
    open.span.end({ error });
  }

  #drawSubtask(
    parent: TraceContext | undefined,
    { vertexId, subtaskIndex, attempt }: ExecutionRef,
    timestamp: number,
    { metrics }: Acknowledgement,
  ): void {
    const { startDelayMs, alignmentMs, syncMs, asyncMs, checkpointedBytes, stateBytes } = metrics;
    const barrierAt = timestamp + startDelayMs;
    const alignedAt = barrierAt + alignmentMs;
    const writtenFrom = alignedAt + syncMs;
    const end = writtenFrom + asyncMs;
    const subtask = this.#tracing.start('subtask snapshot', {
      parent,
      startedAt: barrierAt,
      attributes: {
        'millrace.vertex.id': vertexId,
        'millrace.subtask.index': subtaskIndex,
        'millrace.attempt': attempt,
        'millrace.checkpoint.state_bytes': stateBytes,
        'millrace.checkpoint.checkpointed_bytes': checkpointedBytes,
      },
    });
    const draw = (name: string, startedAt: number, endedAt: number): void =>
      this.#tracing.start(name, { parent: subtask.context, startedAt }).end({ endedAt });
    draw('align', barrierAt, alignedAt);
    draw('sync', alignedAt, writtenFrom);
    draw('async', writtenFrom, end);
    subtask.end({ endedAt: end });
  }
}
