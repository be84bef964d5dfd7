import { describe, expect, it } from 'vitest';
import { UserError, serializeError } from '../../src/base/errors.ts';
import type { TaskManagerId, VertexId } from '../../src/base/ids.ts';
import { ATTEMPTS_KEPT } from '../../src/base/limits.ts';
import type { ExecutionState, JobStatus } from '../../src/protocol/job-status.ts';
import { JobHistory } from './job-history.ts';

const V = 'v' as VertexId;
const TM = 'tm' as TaskManagerId;
const error = (message: string) => serializeError(new UserError(message));

function historyWith(kept = 16) {
  const history = new JobHistory(100, kept);
  return {
    history,
    job: (now: number, to: JobStatus, message?: string) =>
      history.observe(
        {
          type: 'announceJob',
          from: 'RUNNING',
          to,
          ...(message === undefined ? {} : { error: error(message) }),
        },
        now,
      ),
    task: (now: number, subtaskIndex: number, attempt: number, to: ExecutionState, message?: string) =>
      history.observe(
        {
          type: 'announceExecution',
          ref: { vertexId: V, subtaskIndex, attempt },
          to,
          taskManagerId: TM,
          ...(message === undefined ? {} : { error: error(message) }),
        },
        now,
      ),
  };
}

describe('JobHistory', () => {
  it('when job and subtasks change their states, then it knows when each was entered', () => {
    const { history, job, task } = historyWith();
    job(101, 'CREATED');
    job(102, 'RUNNING');
    task(103, 0, 0, 'DEPLOYING');
    task(104, 0, 0, 'RUNNING');
    expect(history.statusTimes).toEqual({ INITIALIZING: 100, CREATED: 101, RUNNING: 102 });
    expect(history.times(V, 0, 0)).toEqual({ DEPLOYING: 103, RUNNING: 104 });
    expect([history.taskManager(V, 0, 0), history.taskManager(V, 1, 0)]).toEqual([TM, undefined]);
    expect(history.lastModified).toBe(104);
  });

  it('when a task fails, then the failure names it, with those that failed along', () => {
    const { history, job, task } = historyWith();
    task(200, 0, 0, 'FAILED', 'division by zero');
    task(201, 1, 0, 'FAILED', 'lost its peer');
    job(202, 'RESTARTING', 'division by zero');
    task(203, 2, 0, 'FAILED', 'late');
    job(204, 'RUNNING');
    expect(history.failures).toMatchObject([
      {
        at: 202,
        error: { message: 'division by zero' },
        task: { vertexId: V, subtaskIndex: 0, attempt: 0, taskManagerId: TM },
        concurrent: [{ error: { message: 'lost its peer' } }, { error: { message: 'late' } }],
      },
    ]);
  });

  it('when a job fails for good, then FAILING and FAILED are one failure', () => {
    const { history, job } = historyWith();
    job(200, 'FAILING', 'no more restarts');
    job(201, 'FAILED', 'no more restarts');
    expect(history.failures).toHaveLength(1);
  });

  it('when there are more failures or attempts than are kept, then the oldest are forgotten', () => {
    const { history, job, task } = historyWith(2);
    for (let attempt = 0; attempt < ATTEMPTS_KEPT + 3; attempt += 1) {
      task(300 + attempt, 0, attempt, 'RUNNING');
      job(300 + attempt, 'RESTARTING', `failure ${attempt}`);
    }
    expect(history.failures.map(({ error: { message } }) => message)).toEqual(['failure 12', 'failure 11']);
    const previous = history.previous(V, 0, ATTEMPTS_KEPT + 2);
    expect(previous.map(({ attempt }) => attempt)).toEqual([3, 4, 5, 6, 7, 8, 9, 10, 11]);
    expect(previous[0]).toEqual({ attempt: 3, state: 'RUNNING', taskManagerId: TM, times: { RUNNING: 303 } });
  });
});
