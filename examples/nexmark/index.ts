import { fileURLToPath } from 'node:url';
import * as files from './yardstick/files.ts';
import * as joins from './yardstick/joins.ts';
import type { Yardstick } from './yardstick/measure.ts';
import * as patterns from './yardstick/patterns.ts';
import * as stateless from './yardstick/stateless.ts';
import * as updates from './yardstick/updates.ts';
import * as windows from './yardstick/windows.ts';

export type { Yardstick, YardstickResult } from './yardstick/measure.ts';
export { NEXMARK_DEFAULTS } from './generator/index.ts';
export type { NexmarkOptions } from './generator/index.ts';

export interface NexmarkQuery {
  /** Path of the module that defines the job. */
  readonly module: string;
  /** The same work in a loop of one thread, without an engine. */
  readonly yardstick: Yardstick;
}

function query(name: string, yardstick: Yardstick): [string, NexmarkQuery] {
  return [name, { module: fileURLToPath(new URL(`./${name}.ts`, import.meta.url)), yardstick }];
}

/** The queries by name, in the order of the suite. */
export const QUERIES: Readonly<Record<string, NexmarkQuery>> = Object.fromEntries([
  query('q0', stateless.q0),
  query('q1', stateless.q1),
  query('q2', stateless.q2),
  query('q3', joins.q3),
  query('q4', updates.q4),
  query('q5', windows.q5),
  query('q6', updates.q6),
  query('q7', windows.q7),
  query('q8', windows.q8),
  query('q9', updates.q9),
  query('q10', files.q10),
  query('q11', windows.q11),
  query('q12', windows.q12),
  query('q13', stateless.q13),
  query('q14', stateless.q14),
  query('q15', updates.q15),
  query('q16', updates.q16),
  query('q17', updates.q17),
  query('q18', updates.q18),
  query('q19', updates.q19),
  query('q20', joins.q20),
  query('q21', stateless.q21),
  query('q22', stateless.q22),
  query('q23', joins.q23),
  query('c0', patterns.c0),
  query('c1', patterns.c1),
  query('c2', patterns.c2),
  query('c3', patterns.c3),
]);
