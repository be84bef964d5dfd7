import { z } from 'zod';

/** Who leads a cluster, as its metadata has it. */
export const leaderRecord = z.object({
  version: z.literal(1),
  /** Of one start of a JobManager. */
  contender: z.string(),
  host: z.string(),
  processId: z.number(),
  /** Its REST API, once it listens. */
  rest: z.string().optional(),
  /** Counts up while the leader lives. */
  renewals: z.number(),
  /** The leader has left: anybody may follow at once. */
  released: z.boolean(),
});
export type LeaderRecord = Readonly<z.infer<typeof leaderRecord>>;

/** The record with the revision at which it was read. */
export interface Lease {
  readonly record: LeaderRecord;
  readonly revision: number;
}

/** The lease as a contender saw it, and when it saw this revision first; monotonic ms of its own clock. */
export interface SeenLease {
  readonly lease: Lease | undefined;
  readonly since: number;
}

/** `high-availability.leader-election.*`, ms. */
export interface LeaderElectionSettings {
  /** So long a lease holds that nobody renews. */
  readonly leaseMs: number;
  /** A leader that could not renew for so long leads no more; at most the lease. */
  readonly renewDeadlineMs: number;
  /** How often leaders renew, and others look. */
  readonly retryMs: number;
}

/** Notes what was read. A revision that is still there keeps the time at which it was seen first. */
export function seeLease(before: SeenLease | undefined, lease: Lease | undefined, now: number): SeenLease {
  if (before !== undefined && before.lease?.revision === lease?.revision) return before;
  return { lease, since: now };
}

/**
 * Whether a contender may take the lease: there is none, it was left, it is the contender's own (a claim whose answer was lost), or
 * nobody renewed it while it was watched. Only time between two looks of one clock counts: clocks of hosts need not agree.
 */
export function isFree(
  { lease, since }: SeenLease,
  contender: string,
  now: number,
  leaseMs: number,
): boolean {
  if (lease === undefined || lease.record.released || lease.record.contender === contender) return true;
  return now - since >= leaseMs;
}
