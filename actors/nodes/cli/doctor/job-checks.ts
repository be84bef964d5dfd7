import type { JobGraph, JobOperator } from '../../../../src/graph/job-graph.ts';
import { clean } from '../table.ts';
import { Findings } from './finding.ts';
import type { Finding } from './finding.ts';

/** Kinds of operators that keep nothing between records. */
const STATELESS = new Set(['map', 'filter', 'flatMap', 'print', 'union']);
const NAMES_SHOWN = 4;

/** What of a job's plan makes upgrades and rescaling hard. */
export function jobChecks({ vertices, edges }: JobGraph, slots: number): readonly Finding[] {
  const findings = new Findings('Job');
  const unnamed = vertices.flatMap(({ operators }) => operators).filter(isAnonymous);
  findings.check(unnamed.length === 0, 'every operator that may keep state has a uid', [
    `${unnamed.length} operators that may keep state have no uid: ${names(unnamed)}`,
    "after a change of the job their state may not be found again: give each .uid('...')",
  ]);
  const largest = Math.max(...vertices.map(({ parallelism }) => parallelism));
  const narrowest = Math.min(...vertices.map(({ maxParallelism }) => maxParallelism));
  findings.check(narrowest >= 2 * largest, `it can be rescaled up to parallelism ${narrowest}`, [
    `it can be rescaled up to parallelism ${narrowest} only`,
    'this never changes once there is state: set pipeline.max-parallelism before its first savepoint',
  ]);
  const untyped = edges.filter(({ partition, type }) => partition !== 'forward' && type === undefined);
  findings.check(untyped.length === 0, 'records between tasks have declared types', [
    `${untyped.length} of ${edges.length} edges carry records without a declared type`,
    'shapes are learned, which works; declared ones (Types.record) are checked and can be evolved: .returns(type)',
  ]);
  findings.ok(`it needs ${slots} slots`);
  return findings.list;
}

function isAnonymous({ uid, kind }: JobOperator): boolean {
  return uid === undefined && !STATELESS.has(kind);
}

function names(operators: readonly JobOperator[]): string {
  const shown = operators.slice(0, NAMES_SHOWN).map(({ name }) => clean(name, 30));
  return [...shown, ...(operators.length > NAMES_SHOWN ? ['…'] : [])].join(', ');
}
