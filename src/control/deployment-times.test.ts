import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { VertexId } from '../base/ids.ts';
import { EXECUTION_STATES } from '../protocol/job-status.ts';
import type { ExecutionState } from '../protocol/job-status.ts';
import { DeploymentTimes } from './deployment-times.ts';
import type { ExecutionRef } from './scheduler/state.ts';

const task = (subtaskIndex: number): ExecutionRef => ({
  vertexId: 'v' as VertexId,
  subtaskIndex,
  attempt: 0,
});

/** Whether it is deploying, since when, and how long in all. */
function seen(times: DeploymentTimes, now: number): unknown[] {
  return [times.active, times.current(now), times.total(now)];
}

describe('DeploymentTimes', () => {
  it('when one task of a streaming job is deployed and another is not, then the job is still deploying', () => {
    const times = new DeploymentTimes(false);
    expect(seen(times, 5)).toEqual([false, 0, 0]);
    times.executionChanged(task(0), 'DEPLOYING', 10);
    times.executionChanged(task(1), 'DEPLOYING', 10);
    times.executionChanged(task(0), 'INITIALIZING', 20);
    expect(seen(times, 25)).toEqual([true, 15, 15]);
    times.executionChanged(task(1), 'INITIALIZING', 30);
    times.executionChanged(task(0), 'RUNNING', 35);
    expect(seen(times, 40)).toEqual([false, 0, 20]);
  });

  it('when the first task of a batch job is deployed, then the job is not deploying any more', () => {
    const times = new DeploymentTimes(true);
    times.executionChanged(task(0), 'DEPLOYING', 10);
    times.executionChanged(task(1), 'DEPLOYING', 10);
    times.executionChanged(task(0), 'INITIALIZING', 20);
    expect(seen(times, 25)).toEqual([false, 0, 10]);
  });

  it('when a task is deployed again after a failure, then both times count', () => {
    const times = new DeploymentTimes(false);
    times.executionChanged(task(0), 'DEPLOYING', 0);
    times.executionChanged(task(0), 'FAILED', 10);
    expect(seen(times, 50)).toEqual([false, 0, 10]);
    times.executionChanged(task(0), 'CREATED', 60);
    times.executionChanged(task(0), 'DEPLOYING', 100);
    expect(seen(times, 107)).toEqual([true, 7, 17]);
  });

  it('when any tasks change in any way, then a streaming job is deploying exactly while one of them is', () => {
    const change = fc.tuple(
      fc.integer({ min: 0, max: 2 }),
      fc.constantFrom(...EXECUTION_STATES),
      fc.integer({ min: 0, max: 9 }),
    );
    fc.assert(
      fc.property(fc.array(change), (changes) => {
        const times = new DeploymentTimes(false);
        const states: ExecutionState[] = ['CREATED', 'CREATED', 'CREATED'];
        let [now, total] = [0, 0];
        for (const [index, to, pause] of changes) {
          if (states.includes('DEPLOYING')) total += pause;
          now += pause;
          times.executionChanged(task(index), to, now);
          states[index] = to;
          expect([times.active, times.total(now)]).toEqual([states.includes('DEPLOYING'), total]);
        }
      }),
    );
  });
});
