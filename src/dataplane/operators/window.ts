import { UserError } from '../../base/errors.ts';
import { WINDOWS_PER_RECORD_MAX } from '../../base/limits.ts';
import type { Key, KeySelector } from '../../functions/basic.ts';
import type { OutputTag } from '../../functions/output-tag.ts';
import type { OperatorFactory, StreamOperator } from '../chain/operator.ts';
import type { Evictor } from '../../functions/evictor.ts';
import type { TimeDomain } from '../../state/index.ts';
import type { Trigger } from '../../functions/trigger.ts';
import { batchGroupedOperator } from './batch-grouped.ts';
import { assignmentOf } from '../window/assign.ts';
import type { WindowAssigner } from '../window/assigners.ts';
import { TriggeredWindowOperator } from '../window/triggered-window-operator.ts';
import { canMerge, checkMode } from '../window/fold.ts';
import type { WindowMode } from '../window/fold.ts';
import { PaneLayout } from '../window/pane-layout.ts';
import { PaneWindowOperator } from '../window/pane-window-operator.ts';
import { SessionWindowOperator } from '../window/session-window-operator.ts';
import type { WindowOptions } from '../window/window-options.ts';

export interface WindowOperatorOptions {
  /** Missing for windows over all records (`windowAll`, parallelism 1). */
  readonly keySelector?: KeySelector<never, Key>;
  readonly assigner: WindowAssigner;
  /** How long after its end, in event time, a window still takes records and fires again. Default 0. */
  readonly allowedLatenessMs?: number;
  /** Where records go that came too late; else they are counted and dropped. */
  readonly lateTag?: OutputTag<unknown>;
  readonly mode: WindowMode;
  /** When windows emit; default as the assigner's time says. */
  readonly trigger?: Trigger<never>;
  /** Which records stay when a window emits; needs a window function that sees all records. */
  readonly evictor?: Evictor<never>;
  /** The records that the evictor leaves are folded when the window emits: sliding count windows. */
  readonly foldEvicted?: boolean;
}

/**
 * Windows. Results carry the timestamp `end - 1`. Event-time windows with the default trigger run in operators of their own.
 * @throws UserError for a negative lateness, an aggregate that cannot do what the windows need, or a missing function
 */
export function windowOperator(options: WindowOperatorOptions): OperatorFactory {
  const allowedLatenessMs = options.allowedLatenessMs ?? 0;
  if (!(allowedLatenessMs >= 0))
    throw new UserError(`allowed lateness must not be negative, got ${allowedLatenessMs} ms`);
  checkMode(options.mode);
  const checked: WindowOptions = {
    selectKey: (options.keySelector as KeySelector<unknown> | undefined) ?? (() => null),
    mode: options.mode,
    allowedLatenessMs,
    lateTagId: options.lateTag?.id,
  };
  const folds = 'aggregate' in options.mode || 'reduce' in options.mode;
  if (options.evictor !== undefined && options.foldEvicted !== true && folds) {
    throw new UserError(
      'an evictor needs all records of a window: use process() or apply() instead of aggregate() or reduce()',
    );
  }
  const factory = { kind: 'window', inputs: 1, create: operatorMaker(options, checked) };
  return { ...factory, forBatch: () => batchGroupedOperator(factory, [checked.selectKey]) };
}

function operatorMaker(given: WindowOperatorOptions, options: WindowOptions): () => StreamOperator {
  const { assigner } = given;
  if (given.trigger !== undefined || given.evictor !== undefined) return triggeredMaker(given, options);
  switch (assigner.kind) {
    case 'tumbling-event-time':
    case 'tumbling-processing-time': {
      const layout = new PaneLayout(assigner.sizeMs, assigner.sizeMs, assigner.offsetMs, true);
      return () => new PaneWindowOperator(options, layout, timeOf(assigner.kind));
    }
    case 'sliding-event-time':
    case 'sliding-processing-time': {
      const { sizeMs, slideMs, offsetMs } = assigner;
      const layout = new PaneLayout(sizeMs, slideMs, offsetMs, canMerge(options.mode));
      const windows = Math.ceil(sizeMs / slideMs);
      if (windows > WINDOWS_PER_RECORD_MAX) {
        throw new UserError(
          `a record would fall into ${windows} sliding windows (${sizeMs} ms by ${slideMs} ms), ` +
            `${WINDOWS_PER_RECORD_MAX} are allowed: make the slide larger`,
        );
      }
      return () => new PaneWindowOperator(options, layout, timeOf(assigner.kind));
    }
    case 'session-event-time':
      if (!canMerge(options.mode)) {
        throw new UserError('session windows merge: give the AggregateFunction a merge(a, b) method');
      }
      return () => new SessionWindowOperator(options, assigner.gapMs);
    case 'dynamic-session-event-time':
    case 'session-processing-time':
    case 'global':
      return triggeredMaker(given, options);
  }
}

function timeOf(kind: WindowAssigner['kind']): TimeDomain {
  return kind.endsWith('processing-time') ? 'processing-time' : 'event-time';
}

function triggeredMaker(given: WindowOperatorOptions, options: WindowOptions): () => StreamOperator {
  const assignment = assignmentOf(given.assigner);
  if (assignment.merging && !canMerge(options.mode)) {
    throw new UserError('session windows merge: give the AggregateFunction a merge(a, b) method');
  }
  const trigger = (given.trigger as Trigger | undefined) ?? assignment.defaultTrigger;
  const evictor = given.evictor as Evictor<unknown> | undefined;
  return () => new TriggeredWindowOperator({ ...options, assignment, trigger, evictor });
}
