import type { JobDetails, JobSummary } from '../../../src/protocol/job-status.ts';
import { paintStatus, stateText } from './status-style.ts';
import { clean, count, duration, table } from './table.ts';
import type { Column } from './table.ts';
import type { Terminal } from './terminal.ts';
import type { VertexProgress } from './vertex-rates.ts';

/** What one look at a cluster saw. */
export interface ClusterLook {
  /** Wall time, ms. */
  readonly at: number;
  readonly taskManagers: number;
  readonly slotsTotal: number;
  readonly slotsAvailable: number;
  readonly jobs: readonly JobSummary[];
  readonly running: readonly { readonly job: JobDetails; readonly vertices: readonly VertexProgress[] }[];
}

const COLUMNS: readonly Column[] = [
  { title: '  Vertex' },
  { title: 'State' },
  { title: 'in/s', align: 'right' },
  { title: 'out/s', align: 'right' },
  { title: 'busy', align: 'right' },
  { title: 'backpr.', align: 'right' },
  { title: 'lag', align: 'right' },
];

/** A look as lines: the cluster, then each job that has not ended, with its vertices. */
export function topFrame(terminal: Terminal, look: ClusterLook): string[] {
  const ended = look.jobs.length - look.running.length;
  const head = [
    `${look.taskManagers} TaskManager${look.taskManagers === 1 ? '' : 's'}`,
    `${look.slotsTotal - look.slotsAvailable} of ${look.slotsTotal} slots in use`,
    `${look.running.length} job${look.running.length === 1 ? '' : 's'}`,
    ...(ended === 0 ? [] : [`${ended} ended`]),
  ].join(', ');
  return [
    head,
    ...look.running.flatMap(({ job, vertices }) => ['', ...jobLines(terminal, look.at, job, vertices)]),
  ];
}

function jobLines(
  terminal: Terminal,
  at: number,
  job: JobDetails,
  vertices: readonly VertexProgress[],
): string[] {
  const restarts = job.restarts === 0 ? '' : `  ${job.restarts} restart${job.restarts === 1 ? '' : 's'}`;
  const age = duration(Math.max(0, at - job.submittedAt));
  const title = terminal.paintErr('bold', clean(job.name, 50));
  return [
    `${title}  ${paintStatus(terminal, 'err', job.status)}  ${age}${restarts}  ${job.jobId}`,
    ...table(
      COLUMNS,
      vertices.map((vertex) => [
        `  ${clean(vertex.name, 44)}`,
        stateText(vertex),
        count(vertex.recordsInPerSecond),
        count(vertex.recordsOutPerSecond),
        percent(vertex.busy),
        percent(vertex.backPressured),
        vertex.watermark === undefined ? '-' : lag(at - vertex.watermark),
      ]),
    ),
  ];
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}

/** Event time may be ahead of the wall clock, or years behind it where old data is read again. */
function lag(ms: number): string {
  const days = ms / 86_400_000;
  return days >= 2 ? `${Math.floor(days)} d` : duration(Math.max(0, ms));
}
