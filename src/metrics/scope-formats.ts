import { ConfigurationError } from '../base/errors.ts';
import type { MetricScope } from '../protocol/metrics.ts';

/** How the scope of a metric is written (`metrics.scope.*`), for reporters without labels and for identifiers. */
export interface ScopeFormats {
  readonly formats: Readonly<Record<MetricScope, string>>;
  readonly delimiter: string;
}

const JM = ['host'];
const TM = ['host', 'tm_id'];
const JOB = ['job_id', 'job_name'];
const OPERATOR = ['operator_id', 'operator_name'];
const TASK = ['task_id', 'task_name', 'task_attempt_id', 'task_attempt_num', 'subtask_index'];

/** Variables of each scope. */
export const SCOPE_VARIABLES: Readonly<Record<MetricScope, readonly string[]>> = {
  jobmanager: JM,
  jobmanager_job: [...JM, ...JOB],
  jobmanager_job_operator: [...JM, ...JOB, 'task_id', 'task_name', ...OPERATOR],
  taskmanager: TM,
  taskmanager_job: [...TM, ...JOB],
  taskmanager_job_task: [...TM, ...JOB, ...TASK],
  taskmanager_job_task_operator: [...TM, ...JOB, ...TASK, ...OPERATOR],
};

/** The scope that a format beginning with `*` goes on from. */
const PARENTS: Readonly<Partial<Record<MetricScope, MetricScope>>> = {
  jobmanager_job: 'jobmanager',
  jobmanager_job_operator: 'jobmanager_job',
  taskmanager_job: 'taskmanager',
  taskmanager_job_task: 'taskmanager_job',
  taskmanager_job_task_operator: 'taskmanager_job_task',
};

/** Flink's formats. */
export const DEFAULT_SCOPE_FORMATS: ScopeFormats = {
  formats: {
    jobmanager: '<host>.jobmanager',
    jobmanager_job: '<host>.jobmanager.<job_name>',
    jobmanager_job_operator: '<host>.jobmanager.<job_name>.<operator_name>',
    taskmanager: '<host>.taskmanager.<tm_id>',
    taskmanager_job: '<host>.taskmanager.<tm_id>.<job_name>',
    taskmanager_job_task: '<host>.taskmanager.<tm_id>.<job_name>.<task_name>.<subtask_index>',
    taskmanager_job_task_operator: '<host>.taskmanager.<tm_id>.<job_name>.<operator_name>.<subtask_index>',
  },
  delimiter: '.',
};

/**
 * Checks a format.
 * @throws ConfigurationError naming the key, the unknown variable and those that there are
 */
export function checkScopeFormat(key: string, format: string, scope: MetricScope): string {
  const own = format.startsWith('*') ? format.slice(1) : format;
  if (format.startsWith('*') && PARENTS[scope] === undefined)
    throw new ConfigurationError(`${key}: "${format}" goes on from an outer scope, and there is none`);
  for (const [variable, name] of own.matchAll(/<([^<>]*)>/g)) {
    if (SCOPE_VARIABLES[scope].includes(name ?? '')) continue;
    const known = SCOPE_VARIABLES[scope].map((variableName) => `<${variableName}>`).join(', ');
    throw new ConfigurationError(
      `${key}: there is no variable ${variable} in this scope; there are ${known}`,
    );
  }
  return format;
}

/** Components of the scope: the format's parts, with variables filled in. */
export function scopeComponents(
  { formats }: ScopeFormats,
  scope: MetricScope,
  variables: Readonly<Record<string, string>>,
): readonly string[] {
  const format = formats[scope];
  const parent = PARENTS[scope];
  if (format.startsWith('*') && parent !== undefined) {
    const rest = split(format.slice(1), variables);
    return [...scopeComponents({ formats, delimiter: '.' }, parent, variables), ...rest];
  }
  return split(format, variables);
}

/** Dots in the format divide, dots in values do not. */
function split(format: string, variables: Readonly<Record<string, string>>): string[] {
  return format
    .split('.')
    .filter((part) => part !== '')
    .map((part) => part.replaceAll(/<([^<>]*)>/g, (text, name: string) => variables[name] ?? text));
}
