import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { evaluate, NO_ALERTS } from './evaluate.ts';
import type { AlertChange, AlertState, JobObservation, ProcessObservation } from './evaluate.ts';
import { ALERT_RULE_IDS } from './rules.ts';
import type { AlertRuleId, AlertSettings } from './rules.ts';

const rule = (threshold: number, forMs = 0) => ({ threshold, forMs, actions: ['event'] as const });
const SETTINGS: AlertSettings = {
  restartWindowMs: 300_000,
  rules: {
    'checkpoint-failures': rule(3),
    'event-time-lag': rule(300_000, 60_000),
    backpressure: rule(0.5, 60_000),
    'restart-storm': rule(5),
    'memory-pressure': rule(0.9, 60_000),
    'data-loss-risk': rule(1),
  },
};
const QUIET: JobObservation = {
  jobId: 'j',
  jobName: 'job',
  restarts: 0,
  failedCheckpoints: 0,
  completedCheckpoints: 0,
  checkpointTimeout: 600_000,
};

class Watch {
  state: AlertState = NO_ALERTS;

  look(
    now: number,
    job: Partial<JobObservation> | undefined,
    processes: ProcessObservation[] = [],
  ): string[] {
    const jobs = job === undefined ? [] : [{ ...QUIET, ...job }];
    const { state, changes } = evaluate(this.state, SETTINGS, { jobs, processes }, now);
    this.state = state;
    return changes.map(({ to, alert }) => `${alert.rule} ${alert.subject} ${to}`);
  }
}

describe('alerts', () => {
  it('when more than three checkpoints fail in a row, then it fires until one completes', () => {
    const watch = new Watch();
    expect(watch.look(0, { failedCheckpoints: 3 })).toEqual([]);
    expect(watch.look(1, { failedCheckpoints: 4 })).toEqual(['checkpoint-failures j FIRING']);
    expect(watch.look(2, { failedCheckpoints: 5 })).toEqual([]);
    expect(watch.look(3, { failedCheckpoints: 5, completedCheckpoints: 1 })).toEqual([
      'checkpoint-failures j RESOLVED',
    ]);
    expect(watch.look(4, { failedCheckpoints: 8, completedCheckpoints: 1 })).toEqual([]);
    expect(watch.look(5, { failedCheckpoints: 9, completedCheckpoints: 1 })).toEqual([
      'checkpoint-failures j FIRING',
    ]);
  });

  it('when failures lie between completed checkpoints, then nothing fires', () => {
    const watch = new Watch();
    for (let i = 1; i < 50; i += 1)
      expect(watch.look(i, { failedCheckpoints: 3 * i, completedCheckpoints: i })).toEqual([]);
  });

  it('when a condition holds for less than it must, then nothing fires; when for longer, then it does, once', () => {
    const watch = new Watch();
    expect(watch.look(0, { backpressureMean: 0.9 })).toEqual([]);
    expect([...watch.state.alerts.values()]).toMatchObject([
      { rule: 'backpressure', status: 'pending', since: 0 },
    ]);
    expect(watch.look(59_999, { backpressureMean: 0.6 })).toEqual([]);
    expect(watch.look(59_999, { backpressureMean: 0.5 })).toEqual([]);
    expect(watch.look(60_000, { backpressureMean: 0.6 })).toEqual([]);
    expect(watch.look(120_000, { backpressureMean: 0.7 })).toEqual(['backpressure j FIRING']);
    expect(watch.look(130_000, { backpressureMean: 0.8 })).toEqual([]);
    expect([...watch.state.alerts.values()]).toMatchObject([
      { value: 0.8, threshold: 0.5, firedAt: 120_000 },
    ]);
    expect(watch.look(140_000, {})).toEqual(['backpressure j RESOLVED']);
  });

  it('when a job restarts more than five times in five minutes, then it fires; slower restarts do not', () => {
    const storm = new Watch();
    for (let restarts = 0; restarts <= 5; restarts += 1)
      expect(storm.look(restarts * 10_000, { restarts })).toEqual([]);
    expect(storm.look(60_000, { restarts: 6 })).toEqual(['restart-storm j FIRING']);
    expect(storm.look(360_001, { restarts: 6 })).toEqual(['restart-storm j RESOLVED']);
    const slow = new Watch();
    for (let restarts = 0; restarts < 50; restarts += 1)
      expect(slow.look(restarts * 60_000, { restarts })).toEqual([]);
  });

  it('when a checkpoint takes longer than it may, or is about to, then it fires', () => {
    const watch = new Watch();
    expect(watch.look(0, { lastCheckpointDuration: 600_000 })).toEqual([]);
    expect(watch.look(1, { lastCheckpointDuration: 10, pendingCheckpoint: 600_001 })).toEqual([
      'data-loss-risk j FIRING',
    ]);
    expect(watch.look(2, { lastCheckpointDuration: 10 })).toEqual(['data-loss-risk j RESOLVED']);
  });

  it('when a process has nearly used up its heap, then it fires for that one; when it is gone, then that is resolved', () => {
    const watch = new Watch();
    const processes = [{ id: 'tm-1', heapUsage: 0.95 }, { id: 'tm-2', heapUsage: 0.4 }, { id: 'tm-3' }];
    watch.look(0, undefined, processes);
    expect(watch.look(60_000, undefined, processes)).toEqual(['memory-pressure tm-1 FIRING']);
    expect(watch.look(60_001, undefined, [])).toEqual(['memory-pressure tm-1 RESOLVED']);
  });

  it('when a job ends, then its alerts are resolved and nothing of it is kept', () => {
    const watch = new Watch();
    watch.look(0, { eventTimeLag: 1e9 });
    expect(watch.look(60_000, { eventTimeLag: 1e9 })).toEqual(['event-time-lag j FIRING']);
    expect(watch.look(60_001, undefined)).toEqual(['event-time-lag j RESOLVED']);
    expect(watch.state).toEqual(NO_ALERTS);
  });

  it('when anything is observed, then firing and resolved alternate for each alert, and memory stays bounded', () => {
    const observation = fc.record({
      pause: fc.integer({ min: 0, max: 200_000 }),
      restarts: fc.nat(3),
      failed: fc.nat(3),
      completed: fc.nat(1),
      backpressureMean: fc.double({ min: 0, max: 1, noNaN: true }),
      there: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(observation, { maxLength: 60 }), (all) => {
        let [state, now, restarts, failed, completed] = [NO_ALERTS, 0, 0, 0, 0];
        const seen: AlertChange[] = [];
        for (const one of all) {
          now += one.pause;
          restarts += one.restarts;
          failed += one.failed;
          completed += one.completed;
          const job = {
            ...QUIET,
            restarts,
            failedCheckpoints: failed,
            completedCheckpoints: completed,
            backpressureMean: one.backpressureMean,
          };
          const next = evaluate(state, SETTINGS, { jobs: one.there ? [job] : [], processes: [] }, now);
          seen.push(...next.changes);
          state = next.state;
          expect(state.jobs.get('j')?.restarts.length ?? 0).toBeLessThanOrEqual(all.length + 1);
        }
        for (const id of ALERT_RULE_IDS) {
          const states = seen.filter(({ alert }) => alert.rule === (id as AlertRuleId)).map(({ to }) => to);
          for (const [i, to] of states.entries()) expect(to).toBe(i % 2 === 0 ? 'FIRING' : 'RESOLVED');
        }
      }),
    );
  });
});
