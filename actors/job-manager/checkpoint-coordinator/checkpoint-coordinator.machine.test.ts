import { describe, expect, it } from 'vitest';
import { ExternalError, serializeError } from '../../../src/base/errors.ts';
import type { Epoch, JobId, VertexId } from '../../../src/base/ids.ts';
import { walk } from '../../test-support/walk.ts';
import { checkpointCoordinatorMachine } from './checkpoint-coordinator.machine.ts';
import type {
  CheckpointCoordinatorEvent,
  CheckpointCoordinatorInput,
} from './checkpoint-coordinator.machine.ts';

const INPUT: CheckpointCoordinatorInput = {
  jobId: 'j' as JobId,
  epoch: 1 as Epoch,
  settings: {
    intervalMs: 100,
    timeoutMs: 1_000,
    minPauseMs: 0,
    maxConcurrent: 1,
    tolerableFailed: 0,
    retained: 1,
    unalignedAfterMs: undefined,
    afterTasksFinish: true,
  },
};
const OPENED: CheckpointCoordinatorEvent = { type: 'opened', nextId: 1_001, completed: [], now: 0 };
const REF = { vertexId: 'v' as VertexId, subtaskIndex: 0, attempt: 0 };
const TICK: CheckpointCoordinatorEvent = {
  type: 'ticked',
  now: 100,
  wall: 5,
  job: { running: true, subtasks: [{ ref: REF, state: 'running', upstream: () => [] }] },
};

function performed(...events: CheckpointCoordinatorEvent[]): unknown[] {
  return walk(checkpointCoordinatorMachine, INPUT, ...events)
    .flatMap((step) => step.performed)
    .filter(({ type }) => type === 'perform')
    .map(({ params }) => (params as { effect: { type: string } }).effect);
}

describe('checkpoint-coordinator machine', () => {
  it('when the log is not taken over yet, then nothing is triggered; afterwards, ids go on where it says', () => {
    expect(performed(TICK)).toEqual([]);
    expect(performed(TICK, OPENED, TICK)).toMatchObject([
      { type: 'trigger', checkpointId: 1_001, refs: [REF] },
    ]);
  });

  it('when a savepoint is asked for while the log is opened, then it is taken once that has been done', () => {
    const request = { requestId: 'r', kind: 'savepoint' as const, location: '/s', stop: false, drain: false };
    expect(performed({ type: 'snapshotRequested', request }, OPENED, TICK)).toMatchObject([
      { type: 'trigger', location: '/s' },
    ]);
  });

  it('when the log cannot be opened, then that is reported and nothing is triggered any more', () => {
    const error = serializeError(new ExternalError('no such bucket'));
    const steps = walk(checkpointCoordinatorMachine, INPUT, { type: 'openFailed', error }, TICK);
    expect(steps.at(-2)?.actions).toContain('reportFailure');
    expect(steps.at(-1)?.snapshot.value).toBe('failed');
    expect(steps.at(-1)?.actions).toEqual([]);
  });

  it('when it is closed, then it hears nothing any more', () => {
    expect(performed(OPENED, { type: 'close' }, TICK)).toEqual([]);
  });
});
