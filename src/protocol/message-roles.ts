import type { ClientRequest } from './client-dispatcher.ts';
import type { NodeRequest } from './node-inspection.ts';

/** What somebody must be allowed to do to send a message to the cluster; as the roles of the REST API. */
export type MessageRole = 'read' | 'operate' | 'submit';

/** Of every message that a client may send to a dispatcher, or into a process. */
export const MESSAGE_ROLES: Readonly<Record<ClientRequest['type'] | NodeRequest['type'], MessageRole>> = {
  submitJob: 'submit',
  listJobs: 'read',
  requestJobDetails: 'read',
  requestExecutionGraph: 'read',
  requestCheckpointStatistics: 'read',
  listTaskManagers: 'read',
  cancelJob: 'operate',
  triggerSnapshot: 'operate',
  requestSnapshotStatus: 'read',
  fetchResults: 'read',
  requestClusterOverview: 'read',
  listLogs: 'read',
  readLog: 'read',
  requestThreads: 'read',
  requestNodeEnvironment: 'read',
  sampleThreads: 'read',
  listProfiles: 'read',
  readProfile: 'read',
  startProfile: 'operate',
};

/** Undefined for what is no message of a client. */
export function roleOfMessage(type: string): MessageRole | undefined {
  return Object.hasOwn(MESSAGE_ROLES, type) ? MESSAGE_ROLES[type as keyof typeof MESSAGE_ROLES] : undefined;
}
