import { describe, expect, it } from 'vitest';
import type { Lease } from '../../src/control/leader-lease.ts';
import { walk } from '../test-support/walk.ts';
import { leaderElectionMachine } from './leader-election.machine.ts';
import type { LeaderElectionEvent } from './leader-election.machine.ts';

const INPUT = {
  contender: 'me',
  settings: { leaseMs: 15_000, renewDeadlineMs: 10_000, retryMs: 5_000 },
};

function lease(contender: string, revision: number, released = false): Lease {
  const record = { version: 1, contender, host: 'h', processId: 1, renewals: 0, released } as const;
  return { record, revision };
}

function looked(found: Lease | undefined, now: number): LeaderElectionEvent {
  return { type: 'looked', lease: found, now };
}

const RETRY = { type: 'xstate.after.retry.leader-election.standby' } as unknown as LeaderElectionEvent;
const RENEW = { type: 'xstate.after.retry.leader-election.leading.sure' } as unknown as LeaderElectionEvent;

function stateAfter(...events: readonly LeaderElectionEvent[]): unknown {
  return walk(leaderElectionMachine, INPUT, ...events).at(-1)?.snapshot.value;
}

function actionsOf(...events: readonly LeaderElectionEvent[]): readonly string[] {
  return walk(leaderElectionMachine, INPUT, ...events).flatMap(({ actions }) => actions);
}

const LEADING: readonly LeaderElectionEvent[] = [
  looked(undefined, 0),
  { type: 'granted', lease: lease('me', 1), now: 0 },
];

describe('a JobManager that stands by', () => {
  it.each([
    ['there is no lease', [looked(undefined, 0)]],
    ['it was left', [looked(lease('other', 1, true), 0)]],
    ['it is its own, of a claim whose answer was lost', [looked(lease('me', 1), 0)]],
    [
      'nobody renewed it for so long',
      [looked(lease('other', 1), 0), RETRY, looked(lease('other', 1), 15_000)],
    ],
  ])('when %s, then it claims the lease', (_, events) => {
    expect(stateAfter(...events)).toBe('claiming');
  });

  it.each([
    ['another one holds the lease', [looked(lease('other', 1), 0)]],
    ['it is renewed', [looked(lease('other', 1), 0), RETRY, looked(lease('other', 2), 20_000)]],
    [
      'the time since it was seen is shorter than the lease',
      [looked(lease('other', 1), 0), RETRY, looked(lease('other', 1), 14_999)],
    ],
    ['it cannot be read', [{ type: 'lookFailed' } as const]],
    ['the claim fails', [looked(undefined, 0), { type: 'claimFailed' } as const]],
  ])('when %s, then it waits', (_, events) => {
    expect(stateAfter(...events)).toBe('standby');
  });

  it('when somebody else is first, then it looks who', () => {
    expect(stateAfter(looked(undefined, 0), { type: 'superseded' })).toBe('looking');
  });
});

describe('a JobManager that leads', () => {
  it('when the lease is granted, then the roles start; when it is superseded, then they end, and it stands by again', () => {
    expect(actionsOf(...LEADING)).toContain('lead');
    const events = [...LEADING, RENEW, { type: 'superseded' } as const];
    expect(actionsOf(...events).slice(-2)).toEqual(['revoke', 'look']);
    expect(stateAfter(...events)).toBe('looking');
  });

  it('when renewals fail for less than the deadline, then it leads on; when for longer, then no more', () => {
    const failed = (now: number): LeaderElectionEvent => ({ type: 'renewalFailed', now });
    expect(stateAfter(...LEADING, RENEW, failed(9_999))).toEqual({ leading: 'sure' });
    expect(stateAfter(...LEADING, RENEW, failed(9_999), RENEW, failed(10_000))).toBe('looking');
  });

  it('when it has something to announce, then it renews at once', () => {
    expect(stateAfter(...LEADING, { type: 'announce' })).toEqual({ leading: 'renewing' });
  });

  it('when it is stopped, then the roles end before the lease is given back', () => {
    const actions = actionsOf(...LEADING, { type: 'stop' });
    expect(actions.slice(-2)).toEqual(['revoke', 'release']);
  });
});
