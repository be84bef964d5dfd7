import { describe, expect, it } from 'vitest';
import { serializeError } from '../../../src/base/errors.ts';
import type { Epoch, JobId, VertexId } from '../../../src/base/ids.ts';
import { walk } from '../../test-support/walk.ts';
import { sourceCoordinatorMachine } from './source-coordinator.machine.ts';
import type { SourceCoordinatorEvent } from './source-coordinator.machine.ts';

const INPUT = { vertexId: 'v' as VertexId, jobId: 'j' as JobId, epoch: 1 as Epoch, parallelism: 2 };
const STARTED: SourceCoordinatorEvent = { type: 'started' };

function request(attempt: number, requestId: number): SourceCoordinatorEvent {
  return { type: 'splitRequested', subtaskIndex: 0, attempt, requestId };
}
function last(
  ...events: SourceCoordinatorEvent[]
): ReturnType<typeof walk<typeof sourceCoordinatorMachine>>[number] {
  return walk(sourceCoordinatorMachine, INPUT, ...events).at(-1)!;
}
function handled(...events: SourceCoordinatorEvent[]): unknown[] {
  return last(...events)
    .performed.filter(({ type }) => type === 'handleRequest')
    .map(({ params }) => params);
}

describe('source-coordinator machine', () => {
  it('when requests come before the enumerator has started then they are served afterwards', () => {
    expect(handled(request(0, 0))).toEqual([]);
    expect(handled(request(0, 0), STARTED)).toMatchObject([{ isNewReader: true, request: { requestId: 0 } }]);
  });

  it('when a request is repeated or late then it is served once', () => {
    expect(handled(STARTED, request(0, 0), request(0, 0))).toEqual([]);
    expect(handled(STARTED, request(0, 1), request(0, 0))).toEqual([]);
    expect(handled(STARTED, request(1, 0), request(0, 5))).toEqual([]);
  });

  it('when a new attempt asks then it is a new reader', () => {
    expect(handled(STARTED, request(0, 3), request(1, 0))).toMatchObject([{ isNewReader: true }]);
    expect(handled(STARTED, request(1, 0), request(1, 1))).toMatchObject([{ isNewReader: false }]);
  });

  it('when an attempt is discarded then its splits are taken back', () => {
    expect(last(STARTED, { type: 'attemptDiscarded', subtasks: [0], attempt: 0 }).actions).toEqual([
      'takeBack',
    ]);
  });

  it('when the enumerator fails then the job-manager hears, and the next attempt starts a new enumerator', () => {
    const failed: SourceCoordinatorEvent = {
      type: 'failed',
      error: serializeError(new Error('no such file')),
    };
    expect(last(failed).actions).toEqual(['reportFailure']);
    const again = last(failed, { type: 'attemptDiscarded', subtasks: [0], attempt: 0 });
    expect(again.snapshot.value).toBe('starting');
    expect(again.actions).toEqual(['startEnumerator']);
  });
});
