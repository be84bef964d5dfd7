import { isId } from '../../../src/base/ids.ts';
import type { JobId } from '../../../src/base/ids.ts';
import { UsageError } from './describe-error.ts';
import { clean } from './table.ts';

/** @throws UsageError */
export function jobIdOf(text: string): JobId {
  if (isId(text)) return text as JobId;
  throw new UsageError(`"${clean(text)}" is not a job id; "millrace list" shows the jobs with their ids`);
}
