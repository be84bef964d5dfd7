import { describe, expect, it } from 'vitest';
import type { JobId, OperatorId, VertexId } from '../../../../src/base/ids.ts';
import { Configuration } from '../../../../src/config/configuration.ts';
import type { JobGraph, JobOperator } from '../../../../src/graph/job-graph.ts';
import type { JobDetails } from '../../../../src/protocol/job-status.ts';
import { checkpointChecks } from './checkpoint-checks.ts';
import { clusterChecks } from './cluster-checks.ts';
import type { ClusterState } from './cluster-checks.ts';
import type { Finding } from './finding.ts';
import { jobChecks } from './job-checks.ts';
import { machineChecks } from './machine-checks.ts';
import { monitoringChecks } from './monitoring-checks.ts';
import { recoveryChecks } from './recovery-checks.ts';

const of = (entries: Record<string, string>): Configuration => Configuration.of(Object.entries(entries));
const levels = (findings: readonly Finding[]): string[] => findings.map(({ level }) => level);
const told = (findings: readonly Finding[], level: Finding['level']): string =>
  findings
    .filter((finding) => finding.level === level)
    .map(({ found, advice }) => `${found}: ${advice}`)
    .join('\n');

const PRODUCTION = {
  'execution.checkpointing.interval': '1 min',
  'execution.checkpointing.dir': 's3://prod/checkpoints',
  'execution.checkpointing.savepoint-dir': 's3://prod/savepoints',
  'execution.checkpointing.externalized-checkpoint-retention': 'RETAIN_ON_CANCELLATION',
  'execution.checkpointing.tolerable-failed-checkpoints': '3',
};

describe('checkpoint checks', () => {
  it('when all is as the checklist wants it, then everything is in order', () => {
    expect(new Set(levels(checkpointChecks(of(PRODUCTION))))).toEqual(new Set(['ok']));
  });

  it('when nothing is configured, then no checkpoints and the development store are problems', () => {
    const problems = told(checkpointChecks(of({})), 'problem');
    expect(problems).toMatch(/no checkpoints are taken: .*execution\.checkpointing\.interval/);
    expect(problems).toMatch(/NATS object store: .*execution\.checkpointing\.dir/);
  });

  it.each([
    ['execution.checkpointing.interval', '1 s', 'costs all tasks some work'],
    ['execution.checkpointing.interval', '1 h', 'processed again'],
    ['execution.checkpointing.timeout', '5 s', 'large state takes longer'],
    ['execution.checkpointing.mode', 'AT_LEAST_ONCE', 'count twice'],
    ['execution.checkpointing.dir', '/data', 'same storage on every node'],
    ['execution.checkpointing.externalized-checkpoint-retention', 'DELETE_ON_CANCELLATION', 'cannot go on'],
    ['execution.checkpointing.tolerable-failed-checkpoints', '0', 'costs a restart'],
  ])('when %s is %s, then it advises', (key, value, advice) => {
    expect(told(checkpointChecks(of({ ...PRODUCTION, [key]: value })), 'advice')).toContain(advice);
  });
});

describe('recovery checks', () => {
  it.each([
    [{ 'restart-strategy.type': 'exponential-delay' }, ['ok', 'ok', 'advice']],
    [{}, ['advice', 'ok', 'advice']],
    [{ 'restart-strategy.type': 'none' }, ['problem', 'ok', 'advice']],
    [{ 'restart-strategy.type': 'fixed-delay' }, ['advice', 'ok', 'advice']],
    [
      { 'restart-strategy.type': 'fixed-delay', 'restart-strategy.fixed-delay.attempts': '5' },
      ['ok', 'ok', 'advice'],
    ],
    [{ 'restart-strategy.type': 'failure-rate', 'heartbeat.timeout': '12 s' }, ['ok', 'problem', 'advice']],
    [{ 'restart-strategy.type': 'exponential-delay', 'high-availability.type': 'nats' }, ['ok', 'ok', 'ok']],
  ])('when %j, then it finds %j', (entries, expected) => {
    expect(levels(recoveryChecks(of(entries as Record<string, string>)))).toEqual(expected);
  });
});

describe('machine checks', () => {
  const GB = 1024 ** 3;

  it('when slots, memory and disk fit, then all is in order', () => {
    const machine = {
      cores: 4,
      memoryBytes: 8 * GB,
      heapBytes: 4 * GB,
      temporaryFolders: [{ path: '/tmp', freeBytes: 9 * GB }],
    };
    expect(levels(machineChecks(of({ 'taskmanager.numberOfTaskSlots': '4' }), machine))).toEqual(
      Array(5).fill('ok'),
    );
  });

  it('when there are more slots than cores and memory, or no disk, then each is told', () => {
    const machine = {
      cores: 2,
      memoryBytes: GB,
      heapBytes: GB / 4,
      temporaryFolders: [
        { path: '/small', freeBytes: 1_000 },
        { path: '/none', freeBytes: undefined },
      ],
    };
    const found = machineChecks(of({ 'taskmanager.numberOfTaskSlots': '8' }), machine);
    expect(levels(found)).toEqual(['advice', 'advice', 'ok', 'ok', 'advice', 'problem']);
  });
});

describe('memory in machine checks', () => {
  const machine = { cores: 4, memoryBytes: 1024 ** 3, heapBytes: 2 ** 28, temporaryFolders: [] };
  const memory = (key: string, value: string): string =>
    told(machineChecks(of({ [key]: value }), machine), 'problem');

  it.each(['taskmanager', 'jobmanager'])(
    'when parts of a %s do not add up, or are more than there is, then that is a problem',
    (node) => {
      const key = `${node}.memory.process.size`;
      expect(memory(key, '300 mb')).toMatch(/does not add up: .*(nothing is left|too little)/);
      expect(memory(key, '2 gb')).toMatch(/has 1,024 MB: it would be ended; set \w+\.memory\.process\.size/);
    },
  );
});

it("when V8's own limit of a JobManager's heap leaves no room for the rest, then that is told as advice", () => {
  const machine = { cores: 4, memoryBytes: 1024 ** 3, heapBytes: 1024 ** 3, temporaryFolders: [] };
  expect(told(machineChecks(of({}), machine), 'advice')).toMatch(
    /set jobmanager\.memory\.process\.size to less/,
  );
});

describe('monitoring checks', () => {
  it.each([
    [{}, ['advice', 'advice']],
    [{ 'metrics.reporters': 'prometheus' }, ['ok', 'advice']],
    [{ 'metrics.reporters': 'prometheus', 'millrace.alerts.webhook.url': 'https://x' }, ['ok', 'ok']],
    [{ 'millrace.alerts.enabled': 'false' }, ['advice', 'advice']],
  ])('when %j, then it finds %j', (entries, expected) => {
    expect(levels(monitoringChecks(of(entries as Record<string, string>)))).toEqual(expected);
  });
});

describe('job checks', () => {
  const operator = (kind: string, uid?: string): JobOperator => ({
    id: kind as OperatorId,
    name: `my ${kind}`,
    kind,
    ...(uid === undefined ? {} : { uid }),
  });
  const graph = (maxParallelism: number, ...operators: JobOperator[]): JobGraph => ({
    name: 'job',
    graphHash: '',
    vertices: [
      {
        id: 'v' as VertexId,
        name: 'v',
        parallelism: 8,
        maxParallelism,
        slotSharingGroup: 'default',
        isSource: true,
        operators,
      },
    ],
    edges: [],
  });

  it('when an operator with state has no uid, then it is named; a map needs none', () => {
    const found = jobChecks(graph(128, operator('map'), operator('window'), operator('source', 'in')), 8);
    expect(told(found, 'advice')).toMatch(/^1 operators .*: my window: /);
  });

  it('when max parallelism is next to the parallelism, then rescaling is warned of', () => {
    expect(told(jobChecks(graph(9, operator('window', 'w')), 8), 'advice')).toContain('parallelism 9 only');
  });
});

describe('cluster checks', () => {
  const job = {
    jobId: 'j1' as JobId,
    name: 'totals',
    submittedAt: 0,
    tasksTotal: 2,
    tasksRunning: 2,
    taskStates: {},
    lastModified: 0,
  };
  const details: JobDetails = { ...job, status: 'RUNNING', restarts: 0, results: 0, vertices: [] };
  const healthy: ClusterState = {
    taskManagers: 3,
    slotsTotal: 6,
    slotsAvailable: 2,
    jobs: [details],
    details: [details],
    nats: { version: '2.12.1', jetstream: true, jetstreamApiLevel: 2 },
  };

  it('when it can lose a TaskManager and its jobs run, then all is in order', () => {
    expect(new Set(levels(clusterChecks(healthy)))).toEqual(new Set(['ok']));
  });

  it.each([
    [{ taskManagers: 0, slotsTotal: 0 }, 'problem', 'no job can run'],
    [{ taskManagers: 1 }, 'problem', 'run at least two'],
    [{ slotsAvailable: 1 }, 'advice', 'lost TaskManager'],
    [{ nats: { ...healthy.nats, jetstream: false } }, 'problem', 'start it with -js'],
    [{ nats: { ...healthy.nats, jetstreamApiLevel: 0 } }, 'advice', '2.12 or newer'],
    [{ jobs: [{ ...job, status: 'FAILED' }] }, 'advice', '1 jobs have failed'],
    [{ details: [{ ...details, tasksRunning: 1 }] }, 'advice', '1 of 2 tasks run'],
    [{ details: [{ ...details, restarts: 3 }] }, 'advice', 'restarted 3 times'],
  ] as const)('when %j, then it tells a %s', (change, level, text) => {
    expect(told(clusterChecks({ ...healthy, ...change } as ClusterState), level)).toContain(text);
  });
});
