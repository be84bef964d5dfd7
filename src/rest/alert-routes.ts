import { z } from 'zod';
import { alertInfo } from '../protocol/alert.ts';
import { route } from './route.ts';
import type { Route } from './route.ts';

/** Alerts of the cluster. */
export const ALERT_ROUTES: readonly Route[] = [
  route({
    method: 'GET',
    path: '/alerts',
    role: 'read',
    summary: "Alerts that fire, and those whose condition holds but not for long enough. Millrace's own.",
    query: z.object({ status: z.enum(['FIRING', 'PENDING']).optional() }),
    response: z.object({ alerts: z.array(alertInfo) }),
    handle: ({ gateway, query }) => ({
      alerts: gateway.alerts().filter(({ status }) => query.status === undefined || status === query.status),
    }),
  }),
];
