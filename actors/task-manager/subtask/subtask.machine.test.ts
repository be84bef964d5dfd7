import { describe, expect, it } from 'vitest';
import { serializeError } from '../../../src/base/errors.ts';
import type { Epoch } from '../../../src/base/ids.ts';
import { NOBODY } from '../../messaging/serve.ts';
import { walk } from '../../test-support/walk.ts';
import { subtaskMachine } from './subtask.machine.ts';
import type { SubtaskEvent } from './subtask.machine.ts';

const ERROR = serializeError(new Error('boom'));
const FAILED: SubtaskEvent = { type: 'failed', error: ERROR };
const RUNNING: readonly SubtaskEvent[] = [{ type: 'prepared' }, { type: 'opened' }];

function assign(assignmentId: number): SubtaskEvent {
  const request = {
    type: 'assignSplits' as const,
    epoch: 1 as Epoch,
    attempt: 0,
    assignmentId,
    splits: [],
    noMoreSplits: false,
  };
  return { type: 'requested', request, caller: NOBODY };
}

function last(...events: SubtaskEvent[]): ReturnType<typeof walk<typeof subtaskMachine>>[number] {
  return walk(subtaskMachine, undefined, ...events).at(-1)!;
}

/** States reported to the job-manager on the way. */
function reports(...events: SubtaskEvent[]): unknown[] {
  return walk(subtaskMachine, undefined, ...events)
    .flatMap((step) => step.performed)
    .filter(({ type }) => type === 'report')
    .map(({ params }) => (params as { state: string }).state);
}

describe('subtask machine', () => {
  it('when all goes well then it reports INITIALIZING, RUNNING, FINISHED, each once', () => {
    expect(reports(...RUNNING, { type: 'finished' })).toEqual(['INITIALIZING', 'RUNNING', 'FINISHED']);
  });

  it.each([[[]], [[RUNNING[0]!]], [RUNNING]])(
    'when it fails after %j then it is FAILED with its error',
    (events) => {
      const step = last(...(events as SubtaskEvent[]), FAILED);
      expect(step.snapshot.value).toBe('failed');
      expect(step.snapshot.context.error).toBe(ERROR);
      expect(step.actions).toContain('release');
    },
  );

  it.each([[[]], [[RUNNING[0]!]], [RUNNING]])(
    'when it is canceled after %j then CANCELED follows the halt',
    (events) => {
      const before = last(...(events as SubtaskEvent[]), { type: 'cancel' });
      expect(before.snapshot.value).toBe('canceling');
      expect(before.actions).toContain('halt');
      expect(reports(...(events as SubtaskEvent[]), { type: 'cancel' }, { type: 'halted' }).at(-1)).toBe(
        'CANCELED',
      );
    },
  );

  it('when a task finishes or fails while it is being canceled then the cancellation still ends it', () => {
    expect(last(...RUNNING, { type: 'cancel' }, { type: 'finished' }).snapshot.value).toBe('canceling');
    expect(last(...RUNNING, { type: 'cancel' }, FAILED).snapshot.value).toBe('canceling');
  });

  it('when an assignment of splits is repeated then it is acknowledged but not taken again', () => {
    expect(last(...RUNNING, assign(0)).actions).toEqual(['takeSplits', 'acknowledge']);
    expect(last(...RUNNING, assign(0), assign(0)).actions).toEqual(['acknowledge']);
  });

  it('when splits come before it runs then they are refused, to come again', () => {
    expect(last(assign(0)).actions).toEqual(['refuse']);
  });

  it('when it has ended then nothing moves it', () => {
    expect(last(...RUNNING, { type: 'finished' }, { type: 'cancel' }, FAILED).snapshot.value).toBe(
      'finished',
    );
  });
});
