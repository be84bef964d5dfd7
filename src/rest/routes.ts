import { ALERT_ROUTES } from './alert-routes.ts';
import { APPLICATION_ROUTES } from './application-routes.ts';
import { CHECKPOINT_ROUTES } from './checkpoint-routes.ts';
import { CLUSTER_ROUTES } from './cluster-routes.ts';
import { HISTORY_ROUTES } from './history-routes.ts';
import { JAR_ROUTES } from './jar-routes.ts';
import { JOB_ROUTES } from './job-routes.ts';
import { MESSAGE_ROUTES } from './message-routes.ts';
import { METRIC_ROUTES } from './metric-routes.ts';
import { NODE_ROUTES } from './node-routes.ts';
import { openApiRoute } from './open-api.ts';
import { OPERATION_ROUTES } from './operation-routes.ts';
import { RESCALE_ROUTES } from './rescale-routes.ts';
import type { Route } from './route.ts';
import { VERTEX_ROUTES } from './vertex-routes.ts';

const ALL: readonly Route[] = [
  ...CLUSTER_ROUTES,
  ...JOB_ROUTES,
  ...APPLICATION_ROUTES,
  ...CHECKPOINT_ROUTES,
  ...OPERATION_ROUTES,
  ...RESCALE_ROUTES,
  ...VERTEX_ROUTES,
  ...METRIC_ROUTES,
  ...NODE_ROUTES,
  ...ALERT_ROUTES,
  ...HISTORY_ROUTES,
  ...JAR_ROUTES,
  ...MESSAGE_ROUTES,
];

/** The whole API: every route, and the document that describes them. */
export const ROUTES: readonly Route[] = [...ALL, openApiRoute(ALL)];
