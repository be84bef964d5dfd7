import { describe, expect, it } from 'vitest';
import type { ClusterId, Epoch, JobId, TaskManagerId, VertexId } from '../base/ids.ts';
import { Subjects, roleAt } from './subjects.ts';

const subjects = new Subjects('c1' as ClusterId);
const JOB = 'j1' as JobId;

describe('Subjects', () => {
  it('when addresses are built then they are the documented ones', () => {
    expect(subjects.dispatcher()).toBe('mr.c1.dispatcher');
    expect(subjects.resourceManager()).toBe('mr.c1.resourcemanager');
    expect(subjects.jobManager(JOB)).toBe('mr.c1.job.j1');
    expect(subjects.slot('t1' as TaskManagerId, 2)).toBe('mr.c1.tm.t1.slot.2');
    expect(subjects.subtask(JOB, 7 as Epoch, 3, 'v1' as VertexId, 4)).toBe('mr.c1.job.j1.7.3.task.v1.4');
    expect(subjects.data(JOB, 7 as Epoch, 3, 'e0-1-2')).toBe('mr.c1.data.j1.7.3.e0-1-2');
  });

  it('when a subject is given then it tells the role of whoever listens there', () => {
    expect(roleAt(subjects.dispatcher())).toBe('dispatcher');
    expect(roleAt(subjects.resourceManager())).toBe('resource-manager');
    expect(roleAt(subjects.jobManager(JOB))).toBe('job-manager');
    expect(roleAt(subjects.taskManager('t1' as TaskManagerId))).toBe('task-manager');
    expect(roleAt(subjects.slot('t1' as TaskManagerId, 2))).toBe('slot');
    expect(roleAt(subjects.subtask(JOB, 7 as Epoch, 3, 'v1' as VertexId, 4))).toBe('subtask');
  });

  it('when an event is announced then its subject tells whose it is and what happened', () => {
    const subject = subjects.event({
      type: 'jobStatusChanged',
      at: 0,
      jobId: JOB,
      name: 'a.b > *',
      from: 'CREATED',
      to: 'RUNNING',
    });
    expect(subject).toBe('mr.c1.event.job.j1.RUNNING');
  });

  it.each(['a.b', '*', '>', 'a b', ''])(
    'when %j would become a token then that is a broken invariant',
    (text) => {
      expect(() => subjects.jobManager(text as JobId)).toThrow(/cannot be a subject token/);
      expect(() => new Subjects(text as ClusterId)).toThrow(/invariant broken/);
    },
  );
});
