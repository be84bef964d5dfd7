import { z } from 'zod';
import { OPTIONS } from '../config/options.ts';
import { RestError } from './errors.ts';
import { checkSubmit } from './permitted.ts';
import type { JarOptions } from './gateway.ts';
import { planJson } from './plan-json.ts';
import { route } from './route.ts';
import type { Route } from './route.ts';
import { anyObject, empty, looseBoolean, looseParallelism, looseText } from './schemas.ts';
import * as s from '../protocol/schema.ts';

const jarParams = z.object({
  jarid: z
    .string()
    .min(1)
    .max(250)
    .regex(/^[^/\\\0]+$/, 'not the name of a file'),
});

const jarQuery = z.object({
  'entry-class': looseText,
  'program-args': looseText,
  programArg: looseText,
  parallelism: looseParallelism,
  savepointPath: looseText,
  allowNonRestoredState: looseBoolean,
});

const jarBody = z
  .object({
    entryClass: looseText,
    programArgs: looseText,
    programArgsList: z.array(z.string().max(4_096)).max(1_000).nullish(),
    parallelism: looseParallelism,
    jobId: z.union([s.jobId, z.literal(''), z.null()]).optional(),
    flinkConfiguration: s.configuration.nullish(),
    savepointPath: looseText,
    allowNonRestoredState: looseBoolean,
    claimMode: looseText,
    restoreMode: looseText,
  })
  .nullish();

type Query = z.infer<typeof jarQuery>;
type Body = z.infer<typeof jarBody>;

/** Uploaded modules: `jar` is what Flink calls them. */
export const JAR_ROUTES: readonly Route[] = [
  route({
    method: 'GET',
    path: '/jars',
    role: 'read',
    summary: 'The modules that were uploaded, newest first.',
    response: z.object({ address: z.string(), files: z.array(anyObject) }),
    handle: async ({ gateway }) => ({
      address: (await gateway.overview()).rest ?? '',
      files: (await gateway.jars.list()).map(({ id, name, uploaded }) => ({
        id,
        name,
        uploaded,
        entry: [{ name: 'default', description: null }],
      })),
    }),
  }),
  route({
    method: 'POST',
    path: '/jars/upload',
    role: 'submit',
    summary: 'Uploads a module: .ts, .js, .mjs, or a .tgz, .zip or .jar that holds one.',
    upload: true,
    response: z.object({ filename: z.string(), status: z.literal('success') }),
    handle: async ({ gateway, files }) => {
      checkSubmit(gateway);
      const [file, ...more] = files;
      if (file === undefined || more.length > 0) throw new RestError(400, 'Exactly 1 file must be sent.');
      return { filename: `/jars/${await gateway.jars.add(file)}`, status: 'success' };
    },
  }),
  route({
    method: 'DELETE',
    path: '/jars/:jarid',
    role: 'submit',
    summary: 'Removes an uploaded module; jobs that run it go on.',
    params: jarParams,
    response: empty,
    handle: async ({ gateway, params }) => {
      checkSubmit(gateway);
      await gateway.jars.remove(params.jarid);
      return {};
    },
  }),
  planRoute('GET'),
  planRoute('POST'),
  route({
    method: 'POST',
    path: '/jars/:jarid/run',
    role: 'submit',
    summary: 'Runs an uploaded module.',
    params: jarParams,
    query: jarQuery,
    body: jarBody,
    response: z.object({ jobid: s.jobId }),
    handle: async ({ gateway, params, query, body }) => {
      checkSubmit(gateway);
      return { jobid: await gateway.jars.run(params.jarid, optionsOf(query, body)) };
    },
  }),
  route({
    method: 'POST',
    path: '/jobs',
    role: 'submit',
    summary: "Submission as Flink's Java client does it: refused, as no other program can read its graphs.",
    response: anyObject,
    handle: () => {
      throw new RestError(
        400,
        'Java job graphs cannot be run here: upload a TypeScript module to /jars/upload and run it, or use "millrace run".',
      );
    },
  }),
];

function planRoute(method: 'GET' | 'POST'): Route {
  return route({
    method,
    path: '/jars/:jarid/plan',
    role: 'submit',
    summary: 'The plan of an uploaded module.',
    params: jarParams,
    query: jarQuery,
    body: jarBody,
    response: z.object({ plan: anyObject }),
    handle: async ({ gateway, params, query, body }) => {
      checkSubmit(gateway);
      return { plan: planJson(await gateway.jars.plan(params.jarid, optionsOf(query, body))) };
    },
  });
}

/** What the body says wins: dashboards repeat it in the query, in part wrongly. */
function optionsOf(query: Query, body: Body): JarOptions {
  const entryClass = body?.entryClass ?? query['entry-class'];
  const parallelism = body?.parallelism ?? query.parallelism;
  const savepoint =
    body?.savepointPath ?? (body === undefined || body === null ? query.savepointPath : undefined);
  const allow = body?.allowNonRestoredState ?? query.allowNonRestoredState;
  const claimMode = body?.claimMode ?? body?.restoreMode;
  const jobId = body?.jobId ?? undefined;
  return {
    programArguments: argumentsOf(query, body),
    configuration: {
      ...body?.flinkConfiguration,
      ...(savepoint === undefined ? {} : { [OPTIONS.restorePath.key]: savepoint }),
      ...(allow === undefined ? {} : { [OPTIONS.ignoreUnclaimedState.key]: String(allow) }),
      ...(claimMode === undefined || claimMode === null ? {} : { [OPTIONS.claimMode.key]: claimMode }),
    },
    ...(entryClass === undefined ? {} : { entryClass }),
    ...(parallelism === undefined ? {} : { parallelism }),
    ...(jobId === undefined || jobId === '' ? {} : { jobId }),
  };
}

function argumentsOf(query: Query, body: Body): readonly string[] {
  const listed = body?.programArgsList;
  if (listed !== undefined && listed !== null) return listed;
  const text = body?.programArgs ?? query['program-args'];
  if (text !== undefined) return words(text);
  return query.programArg?.split(',') ?? [];
}

/** Blanks separate words; within quotes they do not. */
function words(text: string): string[] {
  return [...text.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map(
    ([, double, single, bare]) => double ?? single ?? bare ?? '',
  );
}
