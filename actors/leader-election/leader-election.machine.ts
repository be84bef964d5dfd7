import { assign, setup } from 'xstate';
import { isFree, seeLease } from '../../src/control/leader-lease.ts';
import type { Lease, LeaderElectionSettings, SeenLease } from '../../src/control/leader-lease.ts';

/**
 * One JobManager that wants to lead: it stands by while another one does, and takes over when that one leaves or falls silent.
 *
 * Invariants:
 * E1. Who leads has renewed within `renewDeadlineMs`, which is at most the lease that others wait for.
 * E2. Whoever takes the lease does so by compare-and-set on the revision that it saw.
 * E3. Two leaders at once are possible for a moment (a process that was stopped and does not know): epochs fence the older one off.
 */
export type LeaderElectionEvent =
  | { readonly type: 'looked'; readonly lease: Lease | undefined; readonly now: number }
  | { readonly type: 'lookFailed' }
  /** The lease is this contender's, asked for at `now`. */
  | { readonly type: 'granted'; readonly lease: Lease; readonly now: number }
  /** Somebody else was first, or has taken it. */
  | { readonly type: 'superseded' }
  | { readonly type: 'claimFailed' }
  | { readonly type: 'renewalFailed'; readonly now: number }
  /** The record has something new to say: where the leader's REST API is. */
  | { readonly type: 'announce' }
  | { readonly type: 'stop' };

export interface LeaderElectionInput {
  readonly contender: string;
  readonly settings: LeaderElectionSettings;
}

export interface LeaderElectionContext extends LeaderElectionInput {
  readonly seen: SeenLease | undefined;
  /** When the lease was asked for that is held; monotonic ms. */
  readonly grantedAt: number;
}

const base = setup({
  types: {
    context: {} as LeaderElectionContext,
    events: {} as LeaderElectionEvent,
    input: {} as LeaderElectionInput,
  },
  delays: {
    retry: ({ context }) => context.settings.retryMs,
  },
  actions: {
    look: () => {},
    claim: () => {},
    renew: () => {},
    release: () => {},
    lead: () => {},
    revoke: () => {},
    noteLeader: () => {},
    see: assign(({ context, event }) =>
      event.type === 'looked' ? { seen: seeLease(context.seen, event.lease, event.now) } : {},
    ),
    hold: assign(({ event }) =>
      event.type === 'granted'
        ? { seen: { lease: event.lease, since: event.now }, grantedAt: event.now }
        : {},
    ),
  },
  guards: {
    isFree: ({ context, event }) =>
      event.type === 'looked' &&
      isFree(
        seeLease(context.seen, event.lease, event.now),
        context.contender,
        event.now,
        context.settings.leaseMs,
      ),
    isOverdue: ({ context, event }) =>
      event.type === 'renewalFailed' && event.now - context.grantedAt >= context.settings.renewDeadlineMs,
  },
});

export const leaderElectionMachine = base.createMachine({
  id: 'leader-election',
  context: ({ input }) => ({ ...input, seen: undefined, grantedAt: 0 }),
  initial: 'looking',
  on: { stop: { target: '.stopped' } },
  states: {
    looking: {
      entry: 'look',
      on: {
        looked: [
          { guard: 'isFree', target: 'claiming', actions: 'see' },
          { target: 'standby', actions: ['see', 'noteLeader'] },
        ],
        lookFailed: { target: 'standby' },
      },
    },
    standby: { after: { retry: 'looking' } },
    claiming: {
      entry: 'claim',
      on: {
        granted: { target: 'leading', actions: 'hold' },
        superseded: { target: 'looking' },
        claimFailed: { target: 'standby' },
      },
    },
    leading: {
      entry: 'lead',
      exit: 'revoke',
      initial: 'sure',
      on: {
        superseded: { target: 'looking' },
        stop: { target: 'stopped', actions: 'release' },
      },
      states: {
        sure: { on: { announce: 'renewing' }, after: { retry: 'renewing' } },
        renewing: {
          entry: 'renew',
          on: {
            granted: { target: 'sure', actions: 'hold' },
            renewalFailed: [{ guard: 'isOverdue', target: '#leader-election.looking' }, { target: 'sure' }],
          },
        },
      },
    },
    stopped: { type: 'final' },
  },
});
