import { describe, expect, it } from 'vitest';
import { ALERT_POST_TRIES } from '../../src/base/limits.ts';
import type { ClusterId, JobId } from '../../src/base/ids.ts';
import { alertSettings } from '../../src/config/alert-settings.ts';
import { Configuration } from '../../src/config/configuration.ts';
import { defineJob } from '../../src/api/job.ts';
import { DataGeneratorSource } from '../../src/connectors/generator/data-generator-source.ts';
import { WatermarkStrategy } from '../../src/functions/watermark.ts';
import { ALERT_ROUTES } from '../../src/rest/alert-routes.ts';
import type { RestGateway } from '../../src/rest/gateway.ts';
import { RecordingLogger } from '../../src/testing/recording-logger.ts';
import { SimulatedCluster } from '../testing/simulated-cluster.ts';
import { createEnvironment } from '../messaging/environment.ts';
import { AlertMonitor } from './alert-monitor.ts';

/** A job that fails each time it has read some records. */
const failing = defineJob('failing', (env) => {
  env
    .fromSource(
      new DataGeneratorSource({ generate: (i) => i, count: 100_000, recordsPerSecond: 1_000 }),
      WatermarkStrategy.noWatermarks<number>(),
      'numbers',
    )
    .map((n): number => {
      if (n > 50) throw new Error('it always fails here');
      return n;
    })
    .collect();
});

const CONFIGURATION = Configuration.of([
  ['restart-strategy.type', 'fixed-delay'],
  ['restart-strategy.fixed-delay.attempts', '100000'],
  ['restart-strategy.fixed-delay.delay', '1 s'],
  ['millrace.alerts.enabled', 'false'],
  ['millrace.alerts.restart-storm.actions', 'event,webhook,scale,kill'],
]);

interface Running {
  readonly cluster: SimulatedCluster;
  readonly monitor: AlertMonitor;
  readonly jobId: JobId;
  readonly posts: [string, Record<string, unknown>][];
  readonly events: unknown[];
  readonly logger: RecordingLogger;
  readonly ended: Promise<string>;
}

/** A job on a simulated cluster, watched by a monitor whose webhook refuses so many posts. */
async function run(refusals: number): Promise<Running> {
  const cluster = new SimulatedCluster({ seed: 1, job: failing, configuration: CONFIGURATION });
  await cluster.startJobManager();
  cluster.startTaskManager();
  const { leader } = cluster;
  if (leader === undefined) throw new Error('there is a leader');
  const logger = new RecordingLogger();
  const clusterId = 'simulated' as ClusterId;
  const random = cluster.random.fork('alerts');
  const transport = cluster.network.connect('alerts');
  const environment = createEnvironment({ clusterId, transport, clock: cluster.clock, random, logger });
  const posts: Running['posts'] = [];
  const events: unknown[] = [];
  transport.subscribe(environment.subjects.allEvents(), ({ subject, payload }) => {
    if (subject.includes('.alert.')) events.push([subject, JSON.parse(new TextDecoder().decode(payload))]);
  });
  let refused = 0;
  const monitor = new AlertMonitor(environment, {
    settings: alertSettings(CONFIGURATION),
    intervalMs: 10_000,
    hooks: { webhook: 'http://hook', scale: 'http://scale' },
    webhook: {
      post: (url, body) => {
        posts.push([url, body as Record<string, unknown>]);
        return refused++ < refusals ? Promise.reject(new Error('busy')) : Promise.resolve();
      },
    },
    metrics: leader.metrics,
    jobManagers: () => leader.dispatcher.jobManagers(),
    jobManager: (jobId) => leader.dispatcher.jobManager(jobId),
  });
  const { jobId, ended } = cluster.submit();
  return { cluster, monitor, jobId, posts, events, logger, ended: ended.then(({ status }) => status) };
}

describe('AlertMonitor', () => {
  it('when a job restarts again and again, then it is announced, posted, listed, and canceled where that is wanted', async () => {
    const { cluster, monitor, jobId, posts, events, ended } = await run(0);
    let status = '';
    void ended.then((last) => (status = last));
    const [route] = ALERT_ROUTES;
    const gateway: Partial<RestGateway> = { alerts: () => monitor.alerts() };
    await cluster.clock.runUntil(() => monitor.alerts().length > 0, 5_000_000);
    expect(monitor.alerts()).toMatchObject([
      {
        rule: 'restart-storm',
        status: 'FIRING',
        severity: 'critical',
        jobId,
        jobName: 'failing',
        threshold: 5,
      },
    ]);
    const call = { params: {}, query: { status: 'FIRING' }, body: undefined, files: [] };
    const answer = await route?.run(gateway as RestGateway, call);
    expect(answer).toMatchObject({ alerts: [{ rule: 'restart-storm' }] });
    expect(route?.response.safeParse(answer).success).toBe(true);
    await cluster.clock.runUntil(() => status !== '' && monitor.alerts().length === 0, 5_000_000);
    expect(status).toBe('CANCELED');
    expect(posts.map(([url, { type }]) => `${url} ${String(type)}`)).toEqual([
      'http://hook alertChanged',
      'http://scale scaleRequested',
      'http://hook alertChanged',
    ]);
    await cluster.clock.runFor(1_000);
    expect(events).toMatchObject([
      [
        expect.stringMatching(/\.event\.alert\.restart-storm\.FIRING$/),
        { alert: { status: 'FIRING', jobId } },
      ],
      [expect.stringMatching(/\.event\.alert\.restart-storm\.RESOLVED$/), { alert: { status: 'RESOLVED' } }],
    ]);
    monitor.close();
  });

  it('when the other side is busy, then it is tried again; when it stays so, then that is said and no more tried', async () => {
    const { cluster, monitor, posts, logger } = await run(Number.POSITIVE_INFINITY);
    await cluster.clock.runUntil(() => monitor.alerts().length > 0, 5_000_000);
    await cluster.clock.runFor(60_000);
    const toHook = posts.filter(
      ([url, { alert }]) => url === 'http://hook' && (alert as { status: string }).status === 'FIRING',
    );
    expect(toHook).toHaveLength(ALERT_POST_TRIES);
    expect(logger.lines.filter(({ message }) => message === 'alert not posted').length).toBeGreaterThan(0);
    monitor.close();
  });
});
