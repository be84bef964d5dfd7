import { isGloballyTerminal } from '../../../src/protocol/job-status.ts';
import type { JobDetails, JobStatus } from '../../../src/protocol/job-status.ts';
import { describeError, errorJson } from './describe-error.ts';
import { paintStatus, stateText } from './status-style.ts';
import { clean, count, duration, table } from './table.ts';
import type { Column } from './table.ts';
import type { Terminal } from './terminal.ts';
import { VertexRates } from './vertex-rates.ts';
import type { VertexProgress } from './vertex-rates.ts';

/** Tells about a job that is followed. */
export interface RunReporter {
  submitted(jobId: string, name: string): void;
  update(job: JobDetails): void;
  /** The job as it ended. */
  ended(job: JobDetails): void;
}

export function createReporter(terminal: Terminal, json: boolean): RunReporter {
  return json ? new JsonReporter(terminal) : new HumanReporter(terminal);
}

/** One object per line: `jobSubmitted`, `jobStatusChanged`, `vertexProgress` (on change), `jobEnded`. */
class JsonReporter implements RunReporter {
  readonly #terminal: Terminal;
  readonly #rates = new VertexRates();
  readonly #said = new Map<string, string>();
  #status: JobStatus | undefined;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  submitted(jobId: string, name: string): void {
    this.#terminal.json({ type: 'jobSubmitted', jobId, name });
  }

  update(job: JobDetails): void {
    const { jobId, status, failure } = job;
    if (status !== this.#status) {
      const from = this.#status ?? 'INITIALIZING';
      const error = failure === undefined ? {} : { error: errorJson(failure) };
      this.#terminal.json({ type: 'jobStatusChanged', jobId, name: job.name, from, to: status, ...error });
      this.#status = status;
    }
    for (const vertex of this.#rates.update(job, performance.now())) {
      const { states, recordsIn, recordsOut } = vertex;
      const key = JSON.stringify([states, recordsIn, recordsOut]);
      if (this.#said.get(vertex.vertexId) === key) continue;
      this.#said.set(vertex.vertexId, key);
      this.#terminal.json({ type: 'vertexProgress', jobId, ...vertex });
    }
  }

  ended(job: JobDetails): void {
    const { jobId, name, status, submittedAt, endedAt, restarts, failure, results } = job;
    const vertices = new VertexRates()
      .update(job, 0)
      .map(({ vertexId, name: vertexName, parallelism, recordsIn, recordsOut }) => ({
        vertexId,
        name: vertexName,
        parallelism,
        recordsIn,
        recordsOut,
      }));
    const durationMs = Math.max(0, (endedAt ?? submittedAt) - submittedAt);
    const error = failure === undefined ? {} : { error: errorJson(failure) };
    this.#terminal.json({
      type: 'jobEnded',
      jobId,
      name,
      status,
      durationMs,
      restarts,
      results,
      ...error,
      vertices,
    });
  }
}

const COLUMNS: readonly Column[] = [
  { title: 'Vertex' },
  { title: 'State' },
  { title: 'Records in', align: 'right' },
  { title: 'in/s', align: 'right' },
  { title: 'Records out', align: 'right' },
  { title: 'out/s', align: 'right' },
];

/** A live table on a terminal, lines of status changes elsewhere, a summary at the end. */
class HumanReporter implements RunReporter {
  readonly #terminal: Terminal;
  readonly #rates = new VertexRates();
  #status: JobStatus | undefined;
  #failure = '';
  #startedAt = performance.now();

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  submitted(jobId: string, name: string): void {
    this.#startedAt = performance.now();
    this.#terminal.err(`Job "${clean(name)}" is submitted with job id ${jobId}`);
  }

  update(job: JobDetails): void {
    const terminal = this.#terminal;
    if (job.status !== this.#status && !isGloballyTerminal(job.status)) {
      const reason = job.failure === undefined ? '' : describeError(job.failure);
      const shown = reason === '' || reason === this.#failure ? '' : `: ${reason}`;
      this.#failure = reason;
      terminal.err(`Job is ${paintStatus(terminal, 'err', job.status)}${shown}`);
    }
    this.#status = job.status;
    const vertices = this.#rates.update(job, performance.now());
    const elapsed = duration(performance.now() - this.#startedAt);
    const restarts = job.restarts === 0 ? '' : `, ${job.restarts} restart${job.restarts === 1 ? '' : 's'}`;
    terminal.live([
      `${terminal.paintErr('bold', clean(job.name, 60))}  ${job.status}  ${elapsed}${restarts}`,
      ...vertexTable(vertices, true),
    ]);
  }

  ended(job: JobDetails): void {
    const terminal = this.#terminal;
    terminal.endLive();
    for (const line of vertexTable(this.#rates.update(job, performance.now()), false)) terminal.err(line);
    const took = duration(Math.max(0, (job.endedAt ?? job.submittedAt) - job.submittedAt));
    const restarts =
      job.restarts === 0 ? '' : ` after ${job.restarts} restart${job.restarts === 1 ? '' : 's'}`;
    terminal.err(
      `Job "${clean(job.name)}" (${job.jobId}) is ${paintStatus(terminal, 'err', job.status)}${restarts}, it took ${took}`,
    );
  }
}

function vertexTable(vertices: readonly VertexProgress[], live: boolean): string[] {
  const columns = live ? COLUMNS : COLUMNS.filter(({ title }) => !title.endsWith('/s'));
  return table(
    columns,
    vertices.map((vertex) => {
      const row = [
        clean(vertex.name, 48),
        stateText(vertex),
        count(vertex.recordsIn),
        count(vertex.recordsInPerSecond),
      ];
      const all = [...row, count(vertex.recordsOut), count(vertex.recordsOutPerSecond)];
      return live ? all : all.filter((_, i) => i !== 3 && i !== 5);
    }),
  );
}
