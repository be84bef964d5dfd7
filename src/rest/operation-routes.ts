import { z } from 'zod';
import { OPTIONS } from '../config/options.ts';
import { checkpointType } from '../protocol/client-dispatcher.ts';
import { RestError } from './errors.ts';
import { throwableJson } from './exceptions-json.ts';
import { throwable } from './job-schemas.ts';
import type { Outcome, RestGateway, SnapshotOrder } from './gateway.ts';
import type { JobId } from '../base/ids.ts';
import { route } from './route.ts';
import type { Route } from './route.ts';
import { empty, jobParams, looseText, requestId, triggerParams } from './schemas.ts';

const triggerId = z
  .string()
  .regex(/^[A-Za-z0-9_-]{1,64}$/, 'not an id')
  .nullish();

const formatType = z.enum(['CANONICAL', 'NATIVE', 'canonical', 'native']).nullish();

const IN_PROGRESS = { status: { id: 'IN_PROGRESS' }, operation: null };

/** Of an order: `null` while it is under way, then what came of it, or why nothing did. */
function operationResult(done: z.ZodObject, failure: string): z.ZodType {
  return z.object({
    status: z.object({ id: z.enum(['IN_PROGRESS', 'COMPLETED']) }),
    operation: z.union([done, z.object({ [failure]: throwable })]).nullable(),
  });
}

/** Savepoints, checkpoints, stopping: orders that answer with an id, by which one asks what has become of them. */
export const OPERATION_ROUTES: readonly Route[] = [
  route({
    method: 'POST',
    path: '/jobs/:jobid/savepoints',
    role: 'operate',
    summary: 'Takes a savepoint.',
    params: jobParams,
    body: z.object({
      'target-directory': looseText,
      'cancel-job': z.boolean().nullish(),
      formatType,
      triggerId,
    }),
    status: 202,
    response: requestId,
    handle: async ({ gateway, params, body }) => {
      const directory = body['target-directory'];
      checkPlace(gateway, directory);
      return trigger(gateway, params.jobid, body.triggerId, {
        kind: 'savepoint',
        stop: body['cancel-job'] === true,
        ...(directory === undefined ? {} : { directory }),
      });
    },
  }),
  route({
    method: 'POST',
    path: '/jobs/:jobid/stop',
    role: 'operate',
    summary: 'Ends a job with a savepoint; all that it wrote is committed.',
    params: jobParams,
    body: z.object({ targetDirectory: looseText, drain: z.boolean().nullish(), formatType, triggerId }),
    status: 202,
    response: requestId,
    handle: async ({ gateway, params, body }) => {
      const { targetDirectory: directory } = body;
      checkPlace(gateway, directory);
      return trigger(gateway, params.jobid, body.triggerId, {
        kind: 'savepoint',
        stop: true,
        drain: body.drain === true,
        ...(directory === undefined ? {} : { directory }),
      });
    },
  }),
  outcomeRoute(
    '/jobs/:jobid/savepoints/:triggerid',
    'savepoint',
    z.object({ location: z.string() }),
    ({ location }) => ({ location }),
    'failure-cause',
  ),
  route({
    method: 'POST',
    path: '/jobs/:jobid/checkpoints',
    role: 'operate',
    summary: 'Takes a checkpoint now.',
    params: jobParams,
    body: z.object({ checkpointType: checkpointType.nullish(), triggerId }),
    status: 202,
    response: requestId,
    handle: ({ gateway, params, body }) =>
      trigger(gateway, params.jobid, body.triggerId, {
        kind: 'checkpoint',
        checkpointType: body.checkpointType ?? 'CONFIGURED',
      }),
  }),
  outcomeRoute(
    '/jobs/:jobid/checkpoints/:triggerid',
    'checkpoint',
    z.object({ checkpointId: z.int() }),
    ({ location }) => ({ checkpointId: Number(/(\d+)\D*$/.exec(location)?.[1] ?? 0) }),
    'failureCause',
  ),
  route({
    method: 'POST',
    path: '/savepoint-disposal',
    role: 'operate',
    summary: 'Removes the files of a savepoint.',
    body: z.object({ 'savepoint-path': z.string().min(1).max(4_096) }),
    response: requestId,
    handle: ({ gateway, body }) => {
      const id = gateway.snapshots.newRequestId();
      gateway.snapshots.dispose(id, body['savepoint-path']);
      return { 'request-id': id };
    },
  }),
  route({
    method: 'GET',
    path: '/savepoint-disposal/:triggerid',
    role: 'read',
    summary: 'What has become of a disposal.',
    params: triggerParams.pick({ triggerid: true }),
    response: operationResult(empty, 'failure-cause'),
    handle: ({ gateway, params }) =>
      outcomeJson(gateway.snapshots.disposal(params.triggerid), () => ({}), 'failure-cause'),
  }),
];

function checkPlace(gateway: RestGateway, directory: string | undefined): void {
  if (directory !== undefined || gateway.configuration.has(OPTIONS.savepointDirectory)) return;
  throw new RestError(
    400,
    `Config key [${OPTIONS.savepointDirectory.key}] is not set. Property [target-directory] must be provided.`,
  );
}

async function trigger(
  gateway: RestGateway,
  jobId: JobId,
  wanted: string | null | undefined,
  order: SnapshotOrder,
): Promise<{ 'request-id': string }> {
  const id = wanted ?? gateway.snapshots.newRequestId();
  await gateway.snapshots.trigger(jobId, id, order);
  return { 'request-id': id };
}

function outcomeRoute(
  path: string,
  what: string,
  done: z.ZodObject,
  operation: (done: { readonly location: string }) => object,
  failure: string,
): Route {
  return route({
    method: 'GET',
    path,
    role: 'read',
    summary: `What has become of a ${what} that was asked for.`,
    params: triggerParams,
    response: operationResult(done, failure),
    handle: async ({ gateway, params: { jobid, triggerid } }) =>
      outcomeJson(await gateway.snapshots.outcome(jobid, triggerid), operation, failure),
  });
}

function outcomeJson(
  outcome: Outcome,
  operation: (done: { readonly location: string }) => object,
  failure: string,
): object {
  if (outcome === undefined) return IN_PROGRESS;
  return {
    status: { id: 'COMPLETED' },
    operation: 'error' in outcome ? { [failure]: throwableJson(outcome.error) } : operation(outcome),
  };
}
