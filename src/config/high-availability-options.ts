import { durationOption, enumOption } from './option.ts';

const OTHER_SERVICE =
  "leases and what recovery needs are in the cluster's JetStream, which NATS keeps on several servers: set nats";

/** How JobManagers of one cluster agree who leads. */
export const HIGH_AVAILABILITY_OPTIONS = {
  highAvailability: enumOption('high-availability.type', {
    defaultValue: 'NONE',
    words: { none: 'NONE', nats: 'NATS' },
    refused: { zookeeper: OTHER_SERVICE, kubernetes: OTHER_SERVICE },
    description:
      'NONE: a cluster has one JobManager, a second one is refused. NATS: further JobManagers stand by and redirect REST requests to the one that leads; when it leaves, or does not renew its lease, one of them takes over with all jobs. Jobs are recovered by the next JobManager in both cases.',
    aliases: ['high-availability', 'recovery.mode'],
  }),
  leaderLease: durationOption('high-availability.leader-election.lease-duration', {
    defaultValue: 15_000,
    description: 'Those who stand by take over when the leader has not renewed its lease for so long.',
    aliases: ['high-availability.kubernetes.leader-election.lease-duration'],
  }),
  leaderRenewDeadline: durationOption('high-availability.leader-election.renew-deadline', {
    defaultValue: 15_000,
    description:
      'A leader that could not renew its lease for so long stops to lead; at most the lease-duration.',
    aliases: ['high-availability.kubernetes.leader-election.renew-deadline'],
  }),
  leaderRetry: durationOption('high-availability.leader-election.retry-period', {
    defaultValue: 5_000,
    description: 'How often the leader renews, and the others look; less than the renew-deadline.',
    aliases: ['high-availability.kubernetes.leader-election.retry-period'],
  }),
};
