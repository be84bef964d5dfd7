import { describe, expect, it } from 'vitest';
import { rescaledOrigin } from './rescaled-origin.ts';
import type { SchedulerState } from './state.ts';

const SUSPENDED = {
  purpose: 'suspended',
  status: 'RESTARTING',
  recovered: true,
  slots: new Map([['a', { slot: 1 }]]),
  restarts: 2,
  history: [],
  failure: undefined,
  regions: [{ attempt: 3 }, { attempt: 5 }],
} as unknown as SchedulerState;

describe('origin of a rescaled job', () => {
  it('when all tasks have stopped, then it goes on with their slots, and with attempts above all before', () => {
    expect(rescaledOrigin(SUSPENDED)).toEqual({
      recovered: true,
      rescaled: { firstAttempt: 6, slots: [{ slot: 1 }], restarts: 2, history: [], failure: undefined },
    });
  });

  it('when the job fails instead, or tasks have not stopped yet, then there is none', () => {
    expect(rescaledOrigin({ ...SUSPENDED, status: 'FAILED' })).toBeUndefined();
    expect(rescaledOrigin({ ...SUSPENDED, purpose: 'suspending' })).toBeUndefined();
  });
});
