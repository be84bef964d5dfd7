import type { JobId, TaskManagerId } from '../../src/base/ids.ts';
import { ALERT_POST_PAUSE_MS, ALERT_POST_TRIES, ALERT_POSTS_MAX } from '../../src/base/limits.ts';
import { evaluate, NO_ALERTS } from '../../src/control/alerts/evaluate.ts';
import type {
  Alert,
  AlertChange,
  JobObservation,
  ProcessObservation,
} from '../../src/control/alerts/evaluate.ts';
import { ALERT_RULES } from '../../src/control/alerts/rules.ts';
import type { AlertSettings } from '../../src/control/alerts/rules.ts';
import type { MetricValues } from '../../src/metrics/metric-values.ts';
import type { Webhook } from '../../src/ports/webhook.ts';
import type { AlertInfo } from '../../src/protocol/alert.ts';
import { isGloballyTerminal } from '../../src/protocol/job-status.ts';
import type { JobManagerHandle } from '../job-manager/job-manager-options.ts';
import { announce } from '../messaging/announce.ts';
import { sleep } from '../messaging/ask.ts';
import type { ActorEnvironment } from '../messaging/environment.ts';
import { every } from '../messaging/every.ts';
import { NOBODY } from '../messaging/serve.ts';
import type { ClusterMetrics } from './cluster-metrics.ts';

export interface AlertMonitorOptions {
  readonly settings: AlertSettings;
  readonly intervalMs: number;
  readonly webhook: Webhook | undefined;
  readonly hooks: { readonly webhook: string | undefined; readonly scale: string | undefined };
  readonly metrics: ClusterMetrics;
  readonly jobManagers: () => Iterable<JobManagerHandle>;
  readonly jobManager: (jobId: JobId) => JobManagerHandle | undefined;
}

/** Looks at the metrics of the cluster now and then, and does what the rules of alerts say. Decisions are `control/alerts`. */
export class AlertMonitor {
  readonly #environment: ActorEnvironment;
  readonly #options: AlertMonitorOptions;
  readonly #stop: () => void;
  #state = NO_ALERTS;
  #posts = 0;
  #closed = false;

  constructor(environment: ActorEnvironment, options: AlertMonitorOptions) {
    this.#environment = environment;
    this.#options = options;
    this.#stop = every(environment.clock, options.intervalMs, () => this.#look());
  }

  /** Alerts whose condition holds, those that fire first. */
  alerts(): readonly AlertInfo[] {
    const all = [...this.#state.alerts.values()].map((alert) => this.#info(alert));
    return all.toSorted((a, b) => Number(b.status === 'FIRING') - Number(a.status === 'FIRING'));
  }

  close(): void {
    this.#closed = true;
    this.#stop();
  }

  #look(): void {
    const now = this.#environment.clock.monotonic();
    const observations = { jobs: this.#jobs(now), processes: this.#processes(now) };
    const { state, changes } = evaluate(this.#state, this.#options.settings, observations, now);
    this.#state = state;
    for (const change of changes) this.#act(change);
  }

  #jobs(now: number): JobObservation[] {
    const { metrics, jobManagers } = this.#options;
    const running = [...jobManagers()].filter(
      (jobManager) => !isGloballyTerminal(jobManager.summary().status),
    );
    return running.map((jobManager): JobObservation => {
      const { jobId, name } = jobManager.summary();
      const values = metrics.jobValues(jobId, now);
      const known = <K extends string>(field: K, value: number | undefined): Partial<Record<K, number>> =>
        value === undefined ? {} : ({ [field]: value } as Partial<Record<K, number>>);
      return {
        jobId,
        jobName: name,
        restarts: numberOf(values, 'numRestarts') ?? 0,
        failedCheckpoints: numberOf(values, 'numberOfFailedCheckpoints') ?? 0,
        completedCheckpoints: numberOf(values, 'numberOfCompletedCheckpoints') ?? 0,
        checkpointTimeout: numberOf(values, 'checkpointTimeout') ?? 0,
        ...known('pendingCheckpoint', numberOf(values, 'pendingCheckpointAge')),
        ...known('lastCheckpointDuration', numberOf(values, 'lastCheckpointDuration')),
        ...known('eventTimeLag', numberOf(values, 'eventTimeLag')),
        ...known('backpressureMean', numberOf(values, 'backpressureMean')),
      };
    });
  }

  #processes(now: number): ProcessObservation[] {
    const { metrics } = this.#options;
    const observed = (id: string, values: MetricValues): ProcessObservation => {
      const heapUsage = numberOf(values, 'jvmHeapUsage');
      return heapUsage === undefined ? { id } : { id, heapUsage };
    };
    return [
      observed('jobmanager', metrics.jobManagerValues(now)),
      ...metrics.store.taskManagers().map((id) => observed(id, metrics.taskManagerValues(id))),
    ];
  }

  #act({ to, alert }: AlertChange): void {
    const { logger, clock } = this.#environment;
    const { settings, hooks } = this.#options;
    const { actions } = settings.rules[alert.rule];
    const info = { ...this.#info(alert), status: to };
    const { rule, subject, value, threshold, summary } = info;
    logger[to === 'FIRING' ? 'warn' : 'info'](`alert ${to.toLowerCase()}`, {
      rule,
      subject,
      value,
      threshold,
      summary,
    });
    for (const action of actions) {
      switch (action) {
        case 'event':
          announce(this.#environment, { type: 'alertChanged', at: clock.now(), alert: info });
          break;
        case 'webhook':
          if (hooks.webhook !== undefined)
            void this.#post(hooks.webhook, { type: 'alertChanged', alert: info });
          break;
        case 'scale':
          if (to === 'FIRING' && hooks.scale !== undefined)
            void this.#post(hooks.scale, { type: 'scaleRequested', jobId: subject, reason: info });
          break;
        case 'kill':
          if (to === 'FIRING') this.#kill(subject as JobId);
          break;
      }
    }
  }

  #kill(jobId: JobId): void {
    this.#environment.logger.error('job canceled by an alert', { jobId });
    // Not from within a look: the job ends, and with it what is being looked at.
    queueMicrotask(() => this.#options.jobManager(jobId)?.handle({ type: 'cancelJob', jobId }, NOBODY));
  }

  async #post(url: string, body: object): Promise<void> {
    const { clock, logger } = this.#environment;
    const { webhook } = this.#options;
    if (webhook === undefined) return;
    if (this.#posts >= ALERT_POSTS_MAX)
      return logger.warn('alert not posted: too many are under way', { body });
    this.#posts += 1;
    try {
      for (let tries = 1; !this.#closed; tries += 1) {
        try {
          return await webhook.post(url, body);
        } catch (error) {
          if (tries >= ALERT_POST_TRIES) return logger.warn('alert not posted', { tries, error });
        }
        await sleep(clock, ALERT_POST_PAUSE_MS * 2 ** (tries - 1));
      }
    } finally {
      this.#posts -= 1;
    }
  }

  #info(alert: Alert): AlertInfo {
    const { rule, subject, subjectName, value, threshold, status, since, firedAt } = alert;
    const { of, severity, summary, unit } = ALERT_RULES[rule];
    const { clock } = this.#environment;
    const wall = (monotonic: number): number => Math.round(clock.now() - (clock.monotonic() - monotonic));
    return {
      rule,
      severity,
      summary,
      unit,
      status: status === 'firing' ? 'FIRING' : 'PENDING',
      subject,
      ...(of === 'job' ? { jobId: subject as JobId, jobName: subjectName } : {}),
      ...(of === 'process' && subject !== 'jobmanager' ? { taskManagerId: subject as TaskManagerId } : {}),
      value,
      threshold,
      since: wall(since),
      ...(firedAt === undefined ? {} : { firedAt: wall(firedAt) }),
    };
  }
}

function numberOf(values: MetricValues, name: string): number | undefined {
  const value = values.get(name);
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}
