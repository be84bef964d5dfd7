import { MAX_WATERMARK, MIN_WATERMARK } from '../../base/time.ts';
import { EventTimeTrigger, NeverTrigger, ProcessingTimeTrigger } from '../../functions/triggers.ts';
import type { Trigger } from '../../functions/trigger.ts';
import type { WindowAssigner } from './assigners.ts';
import { Window, intervalStart } from './time-window.ts';

/** How the general window operator uses an assigner. */
export interface Assignment {
  /** Windows of a record. @param timestamp event time @param now wall time; ms */
  windowsOf(value: unknown, timestamp: number, now: number): readonly Window[];
  readonly defaultTrigger: Trigger;
  readonly time: 'event-time' | 'processing-time' | 'none';
  /** Whether windows that touch become one. */
  readonly merging: boolean;
}

const ALL_TIME = new Window(MIN_WATERMARK, MAX_WATERMARK + 1);

export function assignmentOf(assigner: WindowAssigner): Assignment {
  const eventTime = { defaultTrigger: EventTimeTrigger.create(), time: 'event-time' as const };
  const processingTime = { defaultTrigger: ProcessingTimeTrigger.create(), time: 'processing-time' as const };
  switch (assigner.kind) {
    case 'tumbling-event-time': {
      const { sizeMs, offsetMs } = assigner;
      return { ...eventTime, merging: false, windowsOf: (_, at) => covering(at, sizeMs, sizeMs, offsetMs) };
    }
    case 'sliding-event-time': {
      const { sizeMs, slideMs, offsetMs } = assigner;
      return { ...eventTime, merging: false, windowsOf: (_, at) => covering(at, sizeMs, slideMs, offsetMs) };
    }
    case 'session-event-time': {
      const { gapMs } = assigner;
      return { ...eventTime, merging: true, windowsOf: (_, at) => [new Window(at, at + gapMs)] };
    }
    case 'dynamic-session-event-time': {
      const { gapOf } = assigner;
      return { ...eventTime, merging: true, windowsOf: (value, at) => [new Window(at, at + gapOf(value))] };
    }
    case 'tumbling-processing-time': {
      const { sizeMs, offsetMs } = assigner;
      return {
        ...processingTime,
        merging: false,
        windowsOf: (_, _at, now) => covering(now, sizeMs, sizeMs, offsetMs),
      };
    }
    case 'sliding-processing-time': {
      const { sizeMs, slideMs, offsetMs } = assigner;
      return {
        ...processingTime,
        merging: false,
        windowsOf: (_, _at, now) => covering(now, sizeMs, slideMs, offsetMs),
      };
    }
    case 'session-processing-time': {
      const { gapMs } = assigner;
      return { ...processingTime, merging: true, windowsOf: (_, _at, now) => [new Window(now, now + gapMs)] };
    }
    case 'global':
      return {
        defaultTrigger: new NeverTrigger(),
        time: 'none',
        merging: false,
        windowsOf: () => [ALL_TIME],
      };
  }
}

/** Windows of `size`, one each `slide`, that hold `at`; the latest first. */
function covering(at: number, size: number, slide: number, offset: number): Window[] {
  const windows: Window[] = [];
  for (let start = intervalStart(at, offset, slide); start > at - size; start -= slide) {
    windows.push(new Window(start, start + size));
  }
  return windows;
}
