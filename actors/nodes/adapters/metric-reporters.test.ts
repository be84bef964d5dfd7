import { createServer } from 'node:http';
import type { Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { Configuration } from '../../../src/config/configuration.ts';
import { ExternalError } from '../../../src/base/errors.ts';
import { MetricComponent } from '../../../src/metrics/component.ts';
import { RecordingLogger } from '../../../src/testing/recording-logger.ts';
import { FetchWebhook } from './fetch-webhook.ts';
import { PeriodicReporter } from './metric-reporter.ts';
import { openMetrics } from './open-metrics.ts';
import type { OpenMetrics } from './open-metrics.ts';
import { ProcessMeter } from './process-meter.ts';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function serve(answer: (response: ServerResponse, body: string) => void): Promise<number> {
  const server: Server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => answer(response, body));
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  closing.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

async function open(
  logger: RecordingLogger,
  entries: Readonly<Record<string, string>>,
): Promise<OpenMetrics> {
  const configuration = Configuration.of(Object.entries(entries));
  const opened = await openMetrics(configuration, { role: 'test', clusterId: 'c' }, logger);
  closing.push(() => opened.close());
  return opened;
}

function urlOf(logger: RecordingLogger): string {
  const said = logger.lines.find(({ message }) => message === 'metrics are served');
  return String(said?.fields['url']);
}

describe('the reporter prometheus', () => {
  it('when its port is taken, then the next of the range is used; what is filtered and relabelled is so', async () => {
    const taken = await serve((response) => response.end());
    const logger = new RecordingLogger();
    const { registry } = await open(logger, {
      'metrics.reporters': 'p',
      'metrics.reporter.p.factory.class': 'prometheus',
      'metrics.reporter.p.port': `${taken}-${taken + 50}`,
      'metrics.reporter.p.filter.excludes': '*:secret',
      'metrics.reporter.p.scope.variables.excludes': 'job_id',
      'metrics.reporter.p.scope.variables.additional': 'region:eu',
    });
    const variables = { host: 'h', job_id: 'j', job_name: 'n' };
    const component = new MetricComponent({ scope: 'jobmanager_job', variables });
    component.group.counter('seen').inc(3);
    component.group.counter('secret').inc(4);
    registry.add(component);
    expect(urlOf(logger)).not.toContain(`:${taken}/`);
    const text = await (await fetch(urlOf(logger))).text();
    expect(text).toBe(
      '# TYPE flink_jobmanager_job_seen gauge\nflink_jobmanager_job_seen{region="eu",host="h",job_name="n"} 3\n',
    );
  });

  it('when no port of the range is free, then the error names the key and what to do', async () => {
    const taken = await serve((response) => response.end());
    const opening = open(new RecordingLogger(), {
      'metrics.reporters': 'prometheus',
      'metrics.reporter.prometheus.port': String(taken),
    });
    await expect(opening).rejects.toThrow(ExternalError);
    await expect(opening).rejects.toThrow(
      /metrics\.reporter\.prometheus\.port: nothing can listen on 127\.0\.0\.1/,
    );
  });

  it('when it is closed, then nobody is answered any more', async () => {
    const logger = new RecordingLogger();
    const opened = await open(logger, { 'metrics.reporters': 'prometheus' });
    expect((await fetch(urlOf(logger))).status).toBe(200);
    await opened.close();
    await expect(fetch(urlOf(logger))).rejects.toThrow('fetch failed');
  });
});

describe('the reporter log', () => {
  it('when it ends, then it has written a line for each group, scoped as the formats say', async () => {
    const logger = new RecordingLogger();
    const opened = await open(logger, {
      'metrics.reporters': 'log',
      'metrics.reporter.log.interval': '1 h',
      'metrics.scope.jm-job': 'job.<job_name>',
      'metrics.reporter.log.scope.delimiter': '/',
    });
    const component = new MetricComponent({
      scope: 'jobmanager_job',
      variables: { host: 'h', job_name: 'my.job' },
    });
    component.group.addGroup('kind', 'a').counter('seen').inc();
    opened.registry.add(component);
    await opened.close();
    expect(logger.lines).toContainEqual({
      level: 'info',
      message: 'metrics',
      fields: { scope: 'job/my.job/kind/a', metrics: { seen: 1 } },
    });
  });
});

describe('the reporter otlp', () => {
  it('when nobody takes its metrics, then that is said once and the node ends all the same', async () => {
    const port = await serve((response) => {
      response.statusCode = 400;
      response.end();
    });
    const logger = new RecordingLogger();
    const opened = await open(logger, {
      'metrics.reporters': 'otlp',
      'metrics.reporter.otlp.exporter.endpoint': `http://127.0.0.1:${port}/v1/metrics`,
      'metrics.reporter.otlp.interval': '1 h',
    });
    await opened.close();
    expect(logger.lines.filter(({ message }) => message === 'metrics not reported')).toHaveLength(1);
  });
});

describe('PeriodicReporter', () => {
  it('when reports fail again and again, then it is said once, and again after one that worked', async () => {
    const logger = new RecordingLogger();
    const outcomes = [false, false, true, false];
    const { promise: done, resolve } = Promise.withResolvers<void>();
    const reporter = new PeriodicReporter('r', 1, logger, () => {
      const works = outcomes.shift();
      if (outcomes.length === 0) resolve();
      return works === false ? Promise.reject(new Error('no')) : Promise.resolve();
    });
    await done;
    await reporter.close();
    expect(logger.lines.filter(({ message }) => message === 'metrics not reported')).toHaveLength(2);
  });
});

describe('ProcessMeter', () => {
  it('when threads tell of themselves and end, then sums hold them while they run, and counts of what happened for ever', () => {
    const meter = new ProcessMeter();
    closing.push(() => meter.close());
    const readers = meter.readers();
    const thread = {};
    const read = (name: keyof typeof readers): number => Number(readers[name]?.());
    const [heap, collections] = [
      read('Status.JVM.Memory.Heap.Max'),
      read('Status.JVM.GarbageCollector.All.Count'),
    ];
    meter.threadMeasured(thread, {
      heapUsed: 1,
      heapCommitted: 1,
      heapMax: 1_000_000,
      external: 0,
      collections: 1_000,
      collectionMs: 5,
    });
    expect(read('Status.JVM.Memory.Heap.Max')).toBe(heap + 1_000_000);
    expect(read('Status.JVM.Threads.Count')).toBe(2);
    meter.threadEnded(thread);
    expect(read('Status.JVM.Memory.Heap.Max')).toBe(heap);
    expect(read('Status.JVM.GarbageCollector.All.Count')).toBeGreaterThanOrEqual(collections + 1_000);
    expect(read('Status.JVM.CPU.Time')).toBeGreaterThan(0);
    expect(read('Status.EventLoop.DelayMax')).toBeGreaterThanOrEqual(0);
  });
});

describe('FetchWebhook', () => {
  it('when the other side takes, refuses or redirects a post, then only the first counts as posted', async () => {
    const bodies: string[] = [];
    const statuses = [200, 500, 302];
    const port = await serve((response, body) => {
      bodies.push(body);
      response.statusCode = statuses.shift() ?? 200;
      response.setHeader('Location', '/elsewhere');
      response.end();
    });
    const webhook = new FetchWebhook(10_000);
    const url = `http://127.0.0.1:${port}/hook?token=secret`;
    await webhook.post(url, { alert: 1 });
    const refused = await webhook.post(url, {}).catch((error: unknown) => error);
    const redirected = await webhook.post(url, {}).catch((error: unknown) => error);
    expect(bodies).toEqual(['{"alert":1}', '{}', '{}']);
    expect([refused, redirected].map(String)).toEqual([
      `ExternalError: 127.0.0.1:${port} answered 500`,
      `ExternalError: 127.0.0.1:${port} answered 302`,
    ]);
  });
});
