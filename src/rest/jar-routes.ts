import { z } from 'zod';
import { checkSubmit } from './permitted.ts';
import { RestError } from './errors.ts';
import { jarBody, jarOptions, jarParams, jarQuery } from './jar-request.ts';
import { plan } from './job-schemas.ts';
import { planJson } from './plan-json.ts';
import { route } from './route.ts';
import type { Route } from './route.ts';
import { empty } from './schemas.ts';
import * as s from '../protocol/schema.ts';

const jarFile = z.object({
  id: z.string(),
  name: z.string(),
  uploaded: z.int(),
  entry: z.array(z.object({ name: z.string(), description: z.string().nullable() })),
});

/** Uploaded modules: `jar` is what Flink calls them. */
export const JAR_ROUTES: readonly Route[] = [
  route({
    method: 'GET',
    path: '/jars',
    role: 'read',
    summary: 'The modules that were uploaded, newest first.',
    response: z.object({ address: z.string(), files: z.array(jarFile) }),
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
      return { filename: `/jars/${await gateway.jars.add(file)}`, status: 'success' as const };
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
      return { jobid: await gateway.jars.run(params.jarid, jarOptions(query, body)) };
    },
  }),
  route({
    method: 'POST',
    path: '/jobs',
    role: 'submit',
    summary: "Submission as Flink's Java client does it: refused, as no other program can read its graphs.",
    response: empty,
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
    response: z.object({ plan }),
    handle: async ({ gateway, params, query, body }) => {
      checkSubmit(gateway);
      return { plan: planJson(await gateway.jars.plan(params.jarid, jarOptions(query, body))) };
    },
  });
}
