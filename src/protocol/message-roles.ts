import type { ClientRequest } from './client-dispatcher.ts';
import type { NodeRequest } from './node-inspection.ts';

/** What somebody must be allowed to do to send a message to the cluster; as the roles of the REST API. */
export type MessageRole = 'read' | 'operate' | 'submit';

/**
 * Of every message that a client may send to a dispatcher, or into a process. Undefined: it does not go over REST as it is, where
 * routes of its own say when it may (`rest.flamegraph.enabled`) and how often.
 */
const MESSAGE_ROLES: Readonly<Record<ClientRequest['type'] | NodeRequest['type'], MessageRole | undefined>> =
  {
    submitJob: 'submit',
    listJobs: 'read',
    requestJobDetails: 'read',
    requestExecutionGraph: 'read',
    requestCheckpointStatistics: 'read',
    listTaskManagers: 'read',
    cancelJob: 'operate',
    updateResourceRequirements: 'operate',
    requestRescaling: 'read',
    triggerSnapshot: 'operate',
    requestSnapshotStatus: 'read',
    fetchResults: 'read',
    requestClusterOverview: 'read',
    listLogs: 'read',
    readLog: 'read',
    requestThreads: 'read',
    requestNodeEnvironment: 'read',
    sampleThreads: undefined,
    listProfiles: undefined,
    readProfile: undefined,
    startProfile: undefined,
  };

/** Undefined for what is no message of a client, and for what does not go over REST as it is. */
export function roleOfMessage(type: string): MessageRole | undefined {
  return Object.hasOwn(MESSAGE_ROLES, type) ? MESSAGE_ROLES[type as keyof typeof MESSAGE_ROLES] : undefined;
}
