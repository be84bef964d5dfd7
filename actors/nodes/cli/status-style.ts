import type { ExecutionState, JobStatus } from '../../../src/protocol/job-status.ts';
import type { Style, Terminal } from './terminal.ts';
import type { VertexProgress } from './vertex-rates.ts';

const STYLES: Readonly<Record<JobStatus, Style>> = {
  INITIALIZING: 'gray',
  CREATED: 'gray',
  RUNNING: 'green',
  FAILING: 'red',
  FAILED: 'red',
  CANCELLING: 'yellow',
  CANCELED: 'yellow',
  FINISHED: 'green',
  RESTARTING: 'yellow',
  SUSPENDED: 'yellow',
};

export function paintStatus(terminal: Terminal, stream: 'out' | 'err', status: JobStatus): string {
  return stream === 'out'
    ? terminal.paintOut(STYLES[status], status)
    : terminal.paintErr(STYLES[status], status);
}

/** `RUNNING`, or `RUNNING 3, FINISHED 1` where subtasks differ. */
export function stateText({ states }: Pick<VertexProgress, 'states'>): string {
  const entries = Object.entries(states) as [ExecutionState, number][];
  const [first] = entries;
  if (first !== undefined && entries.length === 1)
    return first[1] === 1 ? first[0] : `${first[0]} ${first[1]}`;
  return entries.map(([state, n]) => `${state} ${n}`).join(', ');
}
