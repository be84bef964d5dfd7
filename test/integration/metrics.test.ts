import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findPrometheus } from '../../ops/setup/prometheus.mjs';
import { ClusterUnderTest, jobPath, until } from './cluster-under-test.ts';
import { PrometheusServer, freePort } from './prometheus-server.ts';

/** Metrics by name, of the last report of each process; OTLP over HTTP in JSON. */
interface OtlpReport {
  readonly resourceMetrics: readonly {
    readonly scopeMetrics: readonly {
      readonly metrics: readonly {
        readonly name: string;
        readonly sum?: { readonly dataPoints: readonly { readonly asDouble?: number }[] };
      }[];
    }[];
  }[];
}

const otlpNames = new Set<string>();
let collector: Server;
let cluster: ClusterUnderTest;

beforeAll(async () => {
  collector = createServer((request, response) => {
    void json(request).then((body) => {
      for (const { scopeMetrics } of (body as OtlpReport).resourceMetrics)
        for (const { metrics } of scopeMetrics) for (const { name } of metrics) otlpNames.add(name);
      response.setHeader('Content-Type', 'application/json');
      response.end('{}');
    });
  });
  await new Promise<void>((resolve) => {
    collector.listen(0, '127.0.0.1', resolve);
  });
  const from = await freePort();
  const endpoint = `http://127.0.0.1:${(collector.address() as AddressInfo).port}/v1/metrics`;
  cluster = await ClusterUnderTest.start({
    taskManagers: 2,
    slots: 1,
    arguments: [
      ...['-D', 'metrics.reporters=prometheus,otlp'],
      ...['-D', `metrics.reporter.prometheus.port=${from}-${from + 50}`],
      ...['-D', `metrics.reporter.otlp.exporter.endpoint=${endpoint}`],
      ...['-D', 'metrics.reporter.otlp.interval=1 s', '-D', 'metrics.fetcher.update-interval=1 s'],
      ...['-D', 'taskmanager.network.detailed-metrics=true'],
    ],
  });
  const jobId = await cluster.submit(jobPath('measured.ts'), {
    'parallelism.default': '2',
    'execution.checkpointing.interval': '500 ms',
    'pipeline.global-job-parameters.count': '1000000',
    'pipeline.global-job-parameters.rate': '2000',
  });
  await cluster.untilJob(jobId, 'runs', ({ tasksRunning }) => tasksRunning === 4);
});

afterAll(async () => {
  await cluster?.stop();
  await new Promise((resolve) => collector?.close(resolve));
});

/** Where the nodes serve their metrics, by what they logged. */
function targets(): string[] {
  const nodes = [cluster.jobManager, ...cluster.taskManagers.values()];
  return nodes.map(({ stdout, stderr }) => {
    const url = /http:\/\/(127\.0\.0\.1:\d+)\/metrics/.exec(stdout + stderr)?.[1];
    if (url === undefined) throw new Error(`a node did not say where its metrics are: ${stderr.slice(-500)}`);
    return url;
  });
}

async function scrape(): Promise<string> {
  const pages = await Promise.all(
    targets().map(async (target) => (await fetch(`http://${target}/metrics`)).text()),
  );
  return pages.join('');
}

describe('metrics of a cluster over NATS', () => {
  it('when its nodes are scraped, then metrics of cluster, job, tasks, operators, channels and functions are there', async () => {
    let text = '';
    const wanted = [
      /^flink_jobmanager_numRegisteredTaskManagers\{host="[^"]+"\} 2$/m,
      /^flink_jobmanager_taskSlotsAvailable\{[^}]*\} 0$/m,
      /^flink_jobmanager_job_numberOfCompletedCheckpoints\{[^}]*job_name="measured__job_"\} [1-9]/m,
      /^flink_taskmanager_Status_JVM_Memory_Heap_Used\{[^}]*tm_id="tm_1"\} [1-9]/m,
      /^flink_taskmanager_job_task_numRecordsIn\{[^}]*subtask_index="1"[^}]*\} [1-9]/m,
      /^flink_taskmanager_job_task_Shuffle_Netty_Input_numBytesInRemote\{[^}]*\} [1-9]/m,
      /^flink_taskmanager_job_task_channel_Input_numRecords\{[^}]*channel="[^"]+"[^}]*\} [1-9]/m,
      /^flink_taskmanager_job_task_operator_numRecordsOut\{[^}]*operator_name="measured"[^}]*\} [1-9]/m,
      /^flink_taskmanager_job_task_operator_currentEmitEventTimeLag\{[^}]*\} [1-9]/m,
      /^flink_taskmanager_job_task_operator_state_size\{[^}]*\} [1-9]/m,
      /^flink_taskmanager_job_task_operator_processed_count\{[^}]*\} [1-9]/m,
      /^flink_taskmanager_job_task_operator_stage_latency_ms\{[^}]*stage="first"[^}]*quantile="0.99"\} [1-9]/m,
      /^flink_taskmanager_job_task_operator_last_value\{[^}]*\} [1-9]/m,
    ];
    await until(
      'all metrics',
      async () => {
        text = await scrape();
        return wanted.every((pattern) => pattern.test(text));
      },
      () => `missing: ${wanted.filter((pattern) => !pattern.test(text)).join('\n')}`,
    );
    expect(text).not.toContain('undefined');
  });

  it('when something else is asked for, then the server refuses it', async () => {
    const [target] = targets();
    const statuses = await Promise.all([
      fetch(`http://${target}/etc/passwd`).then(({ status }) => status),
      fetch(`http://${target}/metrics`, { method: 'POST', body: 'x' }).then(({ status }) => status),
      fetch(`http://${target}/metrics?x=1`).then(({ status }) => status),
    ]);
    expect(statuses).toEqual([404, 405, 200]);
  });

  it('when a collector takes OTLP, then it gets the same metrics under the names of their scopes', async () => {
    const wanted = [
      'flink.jobmanager.numRegisteredTaskManagers',
      'flink.jobmanager.job.uptime',
      'flink.taskmanager.Status.JVM.CPU.Load',
      'flink.taskmanager.job.task.numRecordsInPerSecond',
      'flink.taskmanager.job.task.operator.processed_count',
      'flink.taskmanager.job.task.operator.stage.latency_ms.p99',
    ];
    await until('metrics at the collector', () =>
      Promise.resolve(wanted.every((name) => otlpNames.has(name))),
    );
    expect([...otlpNames]).toEqual(expect.arrayContaining(wanted));
  });

  const programs = findPrometheus();
  const missing =
    programs === undefined ? '(skipped: no prometheus here; "node ops/setup/prometheus.mjs" gets it)' : '';
  it.skipIf(programs === undefined)(
    `when a real Prometheus scrapes it, then all targets are up and records are counted up ${missing}`,
    async () => {
      const prometheus = await PrometheusServer.start(programs ?? '', targets());
      try {
        await until(
          'three targets that are up',
          async () => (await prometheus.query('up == 1')).length === 3,
          () => prometheus.output.slice(-500),
        );
        // Of a job whose subtasks go on for ever, what was counted rises from one scrape to a later one.
        const expression =
          'sum by (job_name) (flink_taskmanager_job_task_operator_numRecordsOut{operator_name="measured"})';
        const read: number[] = [];
        await until('records that are counted up', async () => {
          const counts = await prometheus.query(expression);
          read.push(...counts.map(({ value }) => Number(value[1])));
          return (read[0] ?? 0) > 0 && (read.at(-1) ?? 0) > (read[0] ?? 0);
        });
        expect(read).toEqual(read.toSorted((x, y) => x - y));
      } finally {
        await prometheus.stop();
      }
    },
  );
});
