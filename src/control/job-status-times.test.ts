import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { JOB_STATUSES } from '../protocol/job-status.ts';
import { JobStatusTimes } from './job-status-times.ts';

describe('JobStatusTimes', () => {
  it('when a job fails and runs again, then downtime and uptime are told for that time', () => {
    const times = new JobStatusTimes(0);
    times.changed('RUNNING', 10);
    expect([times.current('RUNNING', 25), times.downtime(25)]).toEqual([15, 0]);
    times.changed('RESTARTING', 30);
    expect([times.current('RUNNING', 40), times.current('RESTARTING', 40), times.downtime(40)]).toEqual([
      0, 10, 10,
    ]);
    times.changed('RUNNING', 50);
    expect([times.current('RUNNING', 55), times.total('RUNNING', 55), times.downtime(55)]).toEqual([
      5, 25, 0,
    ]);
  });

  it('when any changes happen, then the totals of all states are the time that has passed', () => {
    const change = fc.tuple(fc.constantFrom(...JOB_STATUSES), fc.integer({ min: 0, max: 1_000 }));
    fc.assert(
      fc.property(fc.array(change), (changes) => {
        const times = new JobStatusTimes(0);
        let now = 0;
        for (const [status, pause] of changes) {
          now += pause;
          times.changed(status, now);
        }
        const totals = JOB_STATUSES.map((status) => times.total(status, now));
        expect(totals.reduce((a, b) => a + b, 0)).toBe(now);
        expect(JOB_STATUSES.filter((status) => times.isIn(status))).toHaveLength(1);
      }),
    );
  });
});
