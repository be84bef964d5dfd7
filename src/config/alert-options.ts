import { ConfigurationError } from '../base/errors.ts';
import { ALERT_ACTIONS } from '../control/alerts/rules.ts';
import type { AlertAction, AlertRuleId } from '../control/alerts/rules.ts';
import { booleanOption, durationOption, numberOption, stringOption } from './option.ts';
import type { ConfigOption } from './option.ts';

const key = (rule: AlertRuleId, property: string): string => `millrace.alerts.${rule}.${property}`;

function actions(rule: AlertRuleId): ConfigOption<readonly AlertAction[]> {
  const own = key(rule, 'actions');
  return {
    key: own,
    aliases: [],
    type: `list of ${ALERT_ACTIONS.join(', ')}`,
    defaultValue: ['event', 'webhook'],
    description:
      'What happens when it fires: `event` announces it, `webhook` and `scale` tell millrace.alerts.webhook.url and scale.url where they are set, `kill` cancels the job. Empty: nothing.',
    parse: (text) =>
      text
        .split(/[,;]/)
        .map((word) => word.trim().toLowerCase())
        .filter((word) => word !== '')
        .map((word) => {
          const known = ALERT_ACTIONS.find((name) => name === word);
          if (known === undefined)
            throw new ConfigurationError(
              `${own}: "${word.slice(0, 100)}" is not one of ${ALERT_ACTIONS.join(', ')}`,
            );
          if (known === 'kill' && rule === 'memory-pressure')
            throw new ConfigurationError(`${own}: "kill" cancels a job, and this alert is of a process`);
          return known;
        }),
  };
}

function lasting(rule: AlertRuleId, defaultValue: number): ConfigOption<number> {
  return durationOption(key(rule, 'for'), {
    defaultValue,
    description: 'How long the condition must hold before it fires.',
  });
}

/** Alerts that the JobManager raises by itself; the rules are `src/control/alerts`. */
export const ALERT_OPTIONS = {
  alertsEnabled: booleanOption('millrace.alerts.enabled', {
    defaultValue: true,
    description: 'Whether the JobManager looks for alerts.',
  }),
  alertInterval: durationOption('millrace.alerts.interval', {
    defaultValue: 10_000,
    description: 'How often it looks.',
  }),
  alertWebhook: stringOption('millrace.alerts.webhook.url', {
    defaultValue: undefined,
    description: 'Where alerts are posted, as JSON, when they fire and when they are over.',
  }),
  alertScaleHook: stringOption('millrace.alerts.scale.url', {
    defaultValue: undefined,
    description: 'Where the action `scale` posts that a job wants more parallelism, as JSON.',
  }),
  alertWebhookTimeout: durationOption('millrace.alerts.webhook.timeout', {
    defaultValue: 5_000,
    description: 'How long such a server may take for one answer; there are four tries.',
  }),
  checkpointFailuresThreshold: numberOption(key('checkpoint-failures', 'threshold'), {
    defaultValue: 3,
    description: 'Fires with more failed checkpoints in a row than this.',
  }),
  checkpointFailuresFor: lasting('checkpoint-failures', 0),
  checkpointFailuresActions: actions('checkpoint-failures'),
  eventTimeLagThreshold: durationOption(key('event-time-lag', 'threshold'), {
    defaultValue: 300_000,
    description:
      'Fires when a source is further behind wall time than this. Jobs that read old data on purpose want more.',
  }),
  eventTimeLagFor: lasting('event-time-lag', 60_000),
  eventTimeLagActions: actions('event-time-lag'),
  backpressureThreshold: numberOption(key('backpressure', 'threshold'), {
    defaultValue: 0.5,
    description: 'Fires when a vertex is blocked for a larger share of its time than this.',
  }),
  backpressureFor: lasting('backpressure', 60_000),
  backpressureActions: {
    ...actions('backpressure'),
    defaultValue: ['event', 'webhook', 'scale'] as readonly AlertAction[],
  },
  restartStormThreshold: numberOption(key('restart-storm', 'threshold'), {
    defaultValue: 5,
    description: 'Fires with more restarts within the window than this.',
  }),
  restartStormWindow: durationOption(key('restart-storm', 'window'), {
    defaultValue: 300_000,
    description: 'The window.',
  }),
  restartStormFor: lasting('restart-storm', 0),
  restartStormActions: actions('restart-storm'),
  memoryPressureThreshold: numberOption(key('memory-pressure', 'threshold'), {
    defaultValue: 0.9,
    description: 'Fires when the heaps of a process are used up to a larger share than this.',
  }),
  memoryPressureFor: lasting('memory-pressure', 60_000),
  memoryPressureActions: actions('memory-pressure'),
  dataLossRiskThreshold: numberOption(key('data-loss-risk', 'threshold'), {
    defaultValue: 1,
    description: 'Fires when a checkpoint takes more than this many times execution.checkpointing.timeout.',
  }),
  dataLossRiskFor: lasting('data-loss-risk', 0),
  dataLossRiskActions: actions('data-loss-risk'),
};
