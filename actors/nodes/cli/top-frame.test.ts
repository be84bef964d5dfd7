import { describe, expect, it } from 'vitest';
import { stripVTControlCharacters } from 'node:util';
import type { JobId } from '../../../src/base/ids.ts';
import type { JobDetails } from '../../../src/protocol/job-status.ts';
import { Terminal } from './terminal.ts';
import { topFrame } from './top-frame.ts';
import type { ClusterLook } from './top-frame.ts';
import type { VertexProgress } from './vertex-rates.ts';

const silent = { write: () => true };
const terminal = new Terminal(silent, silent, {});

const VERTEX: VertexProgress = {
  vertexId: 'v1',
  name: 'sum\nof all',
  parallelism: 2,
  states: { RUNNING: 2 },
  recordsIn: 10,
  recordsOut: 5,
  recordsInPerSecond: 12_345,
  recordsOutPerSecond: 1,
  busy: 0.504,
  backPressured: 0,
  watermark: 98_000,
};

function look(vertices: readonly VertexProgress[]): ClusterLook {
  const job: JobDetails = {
    jobId: 'j1' as JobId,
    name: 'totals',
    status: 'RUNNING',
    submittedAt: 40_000,
    tasksTotal: 2,
    tasksRunning: 2,
    taskStates: {},
    lastModified: 0,
    restarts: 1,
    results: 0,
    vertices: [],
  };
  const counts = { taskManagers: 2, slotsTotal: 4, slotsAvailable: 1 };
  return { at: 100_000, ...counts, jobs: [job, job], running: [{ job, vertices }] };
}

describe('topFrame', () => {
  it('when a job runs then its vertices stand below it with rates, shares and lag', () => {
    const lines = topFrame(terminal, look([VERTEX])).map(stripVTControlCharacters);
    expect(lines[0]).toBe('2 TaskManagers, 3 of 4 slots in use, 1 job, 1 ended');
    expect(lines[2]).toBe('totals  RUNNING  1 min 0 s  1 restart  j1');
    expect(lines[4]?.split(/\s{2,}/)).toEqual([
      '',
      'sum of all',
      'RUNNING 2',
      '12,345',
      '1',
      '50 %',
      '0 %',
      '2.0 s',
    ]);
  });

  it('when there is no watermark, or it is years old, then the lag says so', () => {
    const lagOf = (watermark: number | undefined): string | undefined =>
      topFrame(terminal, look([{ ...VERTEX, watermark }]))
        .at(-1)
        ?.split(/\s{2,}/)
        .at(-1);
    expect([undefined, 100_500, 100_000 - 3 * 86_400_000].map(lagOf)).toEqual(['-', '0 ms', '3 d']);
  });
});
