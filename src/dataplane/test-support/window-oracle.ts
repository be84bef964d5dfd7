import { expect } from 'vitest';
import { OutputTag } from '../../functions/output-tag.ts';
import { windowOperator } from '../operators/index.ts';
import type { WindowOperatorOptions } from '../operators/index.ts';
import type {
  EventTimeSessionWindows,
  SlidingEventTimeWindows,
  TumblingEventTimeWindows,
} from '../window/index.ts';
import { ChainHarness } from './chain-harness.ts';

export type EventTimeAssigner = TumblingEventTimeWindows | SlidingEventTimeWindows | EventTimeSessionWindows;

export interface Row {
  readonly k: string;
  readonly id: number;
  readonly t: number;
}

/** Result of a window: key, start, end, ids of its records in ascending order. */
export type Result = readonly [string, number, number, string];

export const ids = (values: Iterable<number>): string => [...values].toSorted((a, b) => a - b).join(',');

export type Step = { readonly row: Row } | { readonly watermark: number };

/** The windows of a row, one by one, straight from the definition. */
function windowsOf(t: number, assigner: EventTimeAssigner): [number, number][] {
  if (assigner.kind === 'session-event-time') return [[t, t + assigner.gapMs]];
  const slide = assigner.kind === 'sliding-event-time' ? assigner.slideMs : assigner.sizeMs;
  const found: [number, number][] = [];
  for (
    let start = Math.floor((t - assigner.offsetMs) / slide) * slide + assigner.offsetMs;
    start > t - assigner.sizeMs;
    start -= slide
  ) {
    found.push([start, start + assigner.sizeMs]);
  }
  return found;
}

export interface Expectation {
  readonly results: Result[];
  readonly late: number[];
}

/** A window operator that keeps every window as a list and looks at all of them each time. */
export function oracle(steps: readonly Step[], assigner: EventTimeAssigner, lateness: number): Expectation {
  interface Open {
    readonly key: string;
    start: number;
    end: number;
    ids: number[];
    fired: boolean;
  }
  let open: Open[] = [];
  let watermark = Number.NEGATIVE_INFINITY;
  const results: Result[] = [];
  const late: number[] = [];
  const fire = (window: Open): void => {
    window.fired = true;
    results.push([window.key, window.start, window.end, ids(window.ids)]);
  };
  for (const step of steps) {
    if ('watermark' in step) {
      watermark = Math.max(watermark, step.watermark);
      const due = open.filter((window) => !window.fired && window.end - 1 <= watermark);
      for (const window of due.toSorted((a, b) => a.end - b.end)) fire(window);
      open = open.filter((window) => window.end - 1 + lateness > watermark);
      continue;
    }
    const { k, id, t } = step.row;
    const assigned = windowsOf(t, assigner);
    let accepted = false;
    for (const [start, end] of assigned) {
      let window: Open = { key: k, start, end, ids: [], fired: false };
      const same = open.filter((other) =>
        assigner.kind === 'session-event-time'
          ? other.key === k && other.start <= end && start <= other.end
          : other.key === k && other.start === start,
      );
      for (const other of same) {
        window = {
          ...window,
          start: Math.min(window.start, other.start),
          end: Math.max(window.end, other.end),
          ids: [...window.ids, ...other.ids],
        };
      }
      if (window.end - 1 + lateness <= watermark) continue;
      accepted = true;
      window.ids.push(id);
      open = [...open.filter((other) => !same.includes(other)), window];
      if (window.end - 1 <= watermark) fire(window);
    }
    if (!accepted && assigned.length > 0) late.push(id);
  }
  return { results, late };
}

const lateTag = new OutputTag<Row>('late');

export async function runWindows(
  steps: readonly Step[],
  options: Omit<WindowOperatorOptions, 'keySelector'>,
  block: boolean,
): Promise<Expectation> {
  const harness = await ChainHarness.open(
    [windowOperator({ ...options, keySelector: (row: Row) => row.k, lateTag })],
    {
      sideOutputs: ['late'],
      ...(block ? { onOutput: ({ flow }) => flow.block() } : {}),
    },
  );
  for (const step of steps) {
    if ('watermark' in step) harness.watermark(step.watermark);
    else harness.push({ ...step.row }, step.row.t);
    harness.flow.resume(true);
  }
  const results = (harness.outputs.get('out') ?? []) as [Result, number][];
  for (const [result, timestamp] of results) expect(timestamp).toBe(result[2] - 1);
  return {
    results: results.map(([result]) => result),
    late: harness.side('late').map((row) => (row as Row).id),
  };
}

export const sorted = (results: readonly Result[]): string[] =>
  results.map((result) => JSON.stringify(result)).toSorted();
