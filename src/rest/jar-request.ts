import { z } from 'zod';
import { OPTIONS } from '../config/options.ts';
import type { JarOptions } from './gateway.ts';
import { looseBoolean, looseParallelism, looseText } from './schemas.ts';
import * as s from '../protocol/schema.ts';

/** What comes with a request that plans or runs an uploaded module. */

export const jarParams = z.object({
  jarid: z
    .string()
    .min(1)
    .max(250)
    .regex(/^[^/\\\0]+$/, 'not the name of a file'),
});

export const jarQuery = z.object({
  'entry-class': looseText,
  'program-args': looseText,
  programArg: looseText,
  parallelism: looseParallelism,
  savepointPath: looseText,
  allowNonRestoredState: looseBoolean,
});

export const jarBody = z
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

/** What the body says wins: dashboards repeat it in the query, in part wrongly. */
export function jarOptions(query: Query, body: Body): JarOptions {
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
