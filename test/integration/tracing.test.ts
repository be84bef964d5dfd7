import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JobId } from '../../actors/index.ts';
import { ClusterUnderTest, cli, jobPath, until } from './cluster-under-test.ts';
import { TraceCollector } from './trace-collector.ts';
import type { CollectedSpan } from './trace-collector.ts';

let collector: TraceCollector;
let cluster: ClusterUnderTest;
let jobId: JobId;

/** A job with checkpoints, submitted by the command line, all of whose processes send their spans to the collector. */
beforeAll(async () => {
  collector = await TraceCollector.start();
  const traced = [
    ...['-D', 'traces.reporters=otlp'],
    ...['-D', `traces.reporter.otlp.exporter.endpoint=${collector.endpoint}`],
  ];
  cluster = await ClusterUnderTest.start({ taskManagers: 3, slots: 1, arguments: traced });
  const checkpoints = pathToFileURL(join(cluster.folder, 'checkpoints')).href;
  const address = ['--nats', cluster.nats.url, '--cluster', 'test', '--json', '-d'];
  const { stdout } = await cli([
    ...['run', jobPath('running-counts.ts'), ...address, ...traced, '-p', '2'],
    ...['-D', 'restart-strategy.exponential-delay.initial-backoff=100 ms'],
    ...['-D', 'execution.checkpointing.interval=200 ms', '-D', `execution.checkpointing.dir=${checkpoints}`],
    ...[
      '-D',
      'pipeline.global-job-parameters.count=1000000',
      '-D',
      'pipeline.global-job-parameters.rate=500',
    ],
  ]);
  jobId = (JSON.parse(stdout) as { jobId: JobId }).jobId;
});

afterAll(async () => {
  await cluster?.stop();
  await collector?.stop();
});

function untilSpan(name: string, holds: (span: CollectedSpan) => boolean = () => true): Promise<void> {
  return until(`span ${name}`, () =>
    Promise.resolve(collector.spans.some((span) => span.name === name && holds(span))),
  );
}

/** Every span but the first has its parent in the same trace. */
function expectConnected(trace: readonly CollectedSpan[]): void {
  const ids = new Set(trace.map(({ spanId }) => spanId));
  const roots = trace.filter(({ parentSpanId }) => (parentSpanId ?? '') === '');
  expect(roots).toHaveLength(1);
  for (const { parentSpanId } of trace) if (parentSpanId) expect(ids).toContain(parentSpanId);
}

describe('traces of a job over NATS', () => {
  it('when it is submitted, then one trace leads from the client through every role to the running subtasks', async () => {
    await untilSpan('job-manager start job');
    await until('all subtasks started', () =>
      Promise.resolve(
        collector.traceOf('client submit job').filter(({ name }) => name === 'subtask start').length === 4,
      ),
    );
    await until('the trace is whole', () => {
      const ids = new Set(collector.spans.map(({ spanId }) => spanId));
      return Promise.resolve(
        collector
          .traceOf('client submit job')
          .every(({ parentSpanId }) => !parentSpanId || ids.has(parentSpanId)),
      );
    });
    const trace = collector.traceOf('client submit job');
    expectConnected(trace);
    const names = new Set(trace.map(({ name }) => name));
    expect([...names]).toEqual(
      expect.arrayContaining([
        'client submit job',
        'dispatcher submitJob',
        'dispatcher start job',
        'job-manager start job',
        'resource-manager declareRequiredSlots',
        'task-manager allocateSlot',
        'job-manager offerSlots',
        'slot submitTasks',
        'subtask start',
        'job-manager taskStateChanged',
      ]),
    );
    expect(new Set(trace.map(({ service }) => service))).toEqual(
      new Set(['millrace-client', 'millrace-jobmanager', 'millrace-taskmanager']),
    );
    const [root] = trace.filter(({ name }) => name === 'client submit job');
    expect(root?.attributes).toMatchObject({ 'millrace.job.id': jobId });
  });

  it('when a checkpoint completes, then its trace has align, sync and async of each subtask, the decision and the commit', async () => {
    await untilSpan('commit');
    const done = collector.spans.find(({ name }) => name === 'commit');
    await until('the checkpoint span', () =>
      Promise.resolve(
        collector.spans.some(({ name, traceId }) => name === 'checkpoint' && traceId === done?.traceId),
      ),
    );
    const told = (): number =>
      collector.spans.filter(
        ({ name, traceId }) => name === 'subtask notifyCheckpointComplete' && traceId === done?.traceId,
      ).length;
    await until('all subtasks told', () => Promise.resolve(told() === 4));
    const trace = collector.spans.filter(({ traceId }) => traceId === done?.traceId);
    expectConnected(trace);
    const count = (wanted: string): number => trace.filter(({ name }) => name === wanted).length;
    expect(count('subtask snapshot')).toBe(4);
    for (const part of ['align', 'sync', 'async']) expect(count(part)).toBe(4);
    expect(count('decide')).toBe(1);
  });

  it('when a TaskManager is killed, then the failover has a trace of its own up to the restarted subtasks', async () => {
    const job = await cluster.client.details(jobId);
    const victim = job.vertices[0]?.subtasks[0]?.taskManagerId ?? '';
    await cluster.taskManagers.get(victim)?.end('SIGKILL');
    await untilSpan('job-manager failover');
    const failover = collector.spans.find(({ name }) => name === 'job-manager failover');
    await until('subtasks started again', () =>
      Promise.resolve(
        collector.spans.filter(
          ({ name, traceId }) => name === 'subtask start' && traceId === failover?.traceId,
        ).length === 4,
      ),
    );
    expect(failover?.attributes['millrace.failure']).toMatch(/./);
    expect(failover?.attributes['millrace.job.id']).toBe(jobId);
  });

  it('when the JobManager writes of the submission, then its lines carry the trace', async () => {
    const [line] = await cluster.logged('job RUNNING');
    expect(line?.['traceId']).toBe(collector.traceOf('client submit job')[0]?.traceId);
  });
});

describe('traces that are configured wrongly', () => {
  it.each([
    ['traces.reporters=zipkin', /there is no trace reporter "zipkin"/],
    ['traces.reporter.otlp.exporter.endpoint=nowhere', /is not an http or https URL/],
    ['traces.sampling.ratio=2', /not a share of at most 1/],
  ])('when %s is given, then the node says so and does not start', async (option, reason) => {
    const address = ['--nats', cluster.nats.url, '--cluster', 'wrong'];
    const { code, stderr } = await cli([
      ...['jobmanager', ...address, '-D', 'traces.reporters=console', '-D', option],
    ]);
    expect(code).not.toBe(0);
    expect(stderr).toMatch(reason);
  });
});
