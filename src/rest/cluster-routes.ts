import { z } from 'zod';
import { OPTIONS } from '../config/options.ts';
import { rescaleSettings } from '../config/settings.ts';
import { isGloballyTerminal } from '../protocol/job-status.ts';
import { route } from './route.ts';
import type { Route } from './route.ts';
import { empty } from './schemas.ts';

/** The version of Flink's REST API that answers follow: clients choose their requests by it. */
export const FLINK_VERSION = '1.20.1';

const overview = z.object({
  taskmanagers: z.int(),
  'slots-total': z.int(),
  'slots-available': z.int(),
  'jobs-running': z.int(),
  'jobs-finished': z.int(),
  'jobs-cancelled': z.int(),
  'jobs-failed': z.int(),
  'flink-version': z.string(),
  'flink-commit': z.string(),
  'millrace-version': z.string(),
});

const config = z.object({
  'refresh-interval': z.number(),
  'timezone-name': z.string(),
  'timezone-offset': z.int(),
  'flink-version': z.string(),
  'flink-revision': z.string(),
  features: z.object({
    'web-submit': z.boolean(),
    'web-cancel': z.boolean(),
    'web-rescale': z.boolean(),
    'web-history': z.boolean(),
  }),
});

/** The cluster as a whole. */
export const CLUSTER_ROUTES: readonly Route[] = [
  route({
    method: 'GET',
    path: '/config',
    role: 'read',
    summary: 'What a dashboard has to know before it draws anything.',
    response: config,
    handle: ({ gateway }) => ({
      'refresh-interval': gateway.configuration.get(OPTIONS.webRefreshInterval),
      'timezone-name': Intl.DateTimeFormat().resolvedOptions().timeZone,
      'timezone-offset': timezoneOffset(gateway.now()),
      'flink-version': FLINK_VERSION,
      'flink-revision': `millrace ${gateway.version}`,
      features: {
        'web-submit': gateway.configuration.get(OPTIONS.webSubmit),
        'web-cancel': gateway.configuration.get(OPTIONS.webCancel),
        'web-rescale':
          gateway.configuration.get(OPTIONS.webRescale) &&
          rescaleSettings(gateway.configuration) !== undefined,
        'web-history': false,
      },
    }),
  }),
  route({
    method: 'GET',
    path: '/overview',
    role: 'read',
    summary: 'TaskManagers, slots, and jobs by their state.',
    response: overview,
    handle: async ({ gateway }) => {
      const [cluster, jobs] = await Promise.all([gateway.overview(), gateway.jobs()]);
      const count = (status: string): number => jobs.filter((job) => job.status === status).length;
      return {
        taskmanagers: cluster.taskManagers,
        'slots-total': cluster.slotsTotal,
        'slots-available': cluster.slotsAvailable,
        'jobs-running': jobs.filter(({ status }) => !isGloballyTerminal(status)).length,
        'jobs-finished': count('FINISHED'),
        'jobs-cancelled': count('CANCELED'),
        'jobs-failed': count('FAILED'),
        'flink-version': FLINK_VERSION,
        'flink-commit': 'millrace',
        'millrace-version': gateway.version,
      };
    },
  }),
  route({
    method: 'DELETE',
    path: '/cluster',
    role: 'submit',
    summary: 'Stops the JobManager; its jobs go on when the next one leads.',
    response: empty,
    handle: ({ gateway }) => {
      gateway.shutDown();
      return {};
    },
  }),
  route({
    method: 'GET',
    path: '/datasets',
    role: 'read',
    summary: 'Cached datasets: there are none.',
    response: z.object({ dataSets: z.array(z.object({ id: z.string(), isComplete: z.boolean() })) }),
    handle: () => ({ dataSets: [] }),
  }),
];

/** Of the local time zone at a moment; ms. */
function timezoneOffset(at: number): number {
  const parts = new Intl.DateTimeFormat('en-US', { timeZoneName: 'longOffset' }).formatToParts(at);
  const text = parts.find(({ type }) => type === 'timeZoneName')?.value ?? 'GMT';
  const match = /GMT([+-])(\d\d):(\d\d)/.exec(text);
  if (match === null) return 0;
  const ms = (Number(match[2]) * 60 + Number(match[3])) * 60_000;
  return match[1] === '-' ? -ms : ms;
}
