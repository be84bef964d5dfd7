import { UserError } from '../base/errors.ts';
import { checkName } from '../graph/stream-graph.ts';
import type { StreamExecutionEnvironment } from './environment.ts';

const JOB = Symbol.for('millrace.job');

/** A job as a module exports it. Made by `defineJob` only. */
export interface JobDefinition {
  readonly name: string;
  readonly build: (env: StreamExecutionEnvironment) => void | Promise<void>;
  readonly [JOB]: true;
}

/**
 * Defines a job: `export default defineJob('name', (env) => { ... })`.
 *
 * `build` declares sources, operators and sinks. It runs on every node that takes part, and must declare the same graph each
 * time: do not read clocks, random numbers or files there.
 */
export function defineJob(
  name: string,
  build: (env: StreamExecutionEnvironment) => void | Promise<void>,
): JobDefinition {
  checkName(name, 'job');
  if (typeof build !== 'function')
    throw new UserError(`job "${name}": the second argument of defineJob must be a function`);
  return { name, build, [JOB]: true };
}

/** Whether a module's export is a job, also one made by another copy of this package. */
export function isJobDefinition(value: unknown): value is JobDefinition {
  return typeof value === 'object' && value !== null && JOB in value;
}
