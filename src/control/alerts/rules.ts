/** What an alert asks for beside being listed. */
export const ALERT_ACTIONS = ['event', 'webhook', 'kill', 'scale'] as const;
export type AlertAction = (typeof ALERT_ACTIONS)[number];

export type AlertSeverity = 'warning' | 'critical';

/** The rules that are built in. */
export const ALERT_RULES = {
  'checkpoint-failures': {
    of: 'job',
    severity: 'critical',
    summary: 'Checkpoints fail one after the other',
    unit: 'failures since the last completed checkpoint',
  },
  'event-time-lag': {
    of: 'job',
    severity: 'warning',
    summary: 'Sources read records that are long past',
    unit: 'ms',
  },
  backpressure: {
    of: 'job',
    severity: 'warning',
    summary: 'A vertex waits for those behind it',
    unit: 'share of time that it is blocked',
  },
  'restart-storm': {
    of: 'job',
    severity: 'critical',
    summary: 'The job restarts again and again',
    unit: 'restarts within the window',
  },
  'memory-pressure': {
    of: 'process',
    severity: 'critical',
    summary: 'A process has nearly used up its heap',
    unit: 'share of the heap',
  },
  'data-loss-risk': {
    of: 'job',
    severity: 'critical',
    summary: 'Checkpoints take longer than they may: a failure would repeat much work',
    unit: 'share of the time that a checkpoint may take',
  },
} as const satisfies Record<
  string,
  {
    readonly of: 'job' | 'process';
    readonly severity: AlertSeverity;
    readonly summary: string;
    readonly unit: string;
  }
>;
export type AlertRuleId = keyof typeof ALERT_RULES;
export const ALERT_RULE_IDS = Object.keys(ALERT_RULES) as AlertRuleId[];

/** One rule as it is configured. It fires while its value is above the threshold, once that has been so for a while. */
export interface AlertRuleSettings {
  readonly threshold: number;
  /** ms; 0: at once. */
  readonly forMs: number;
  readonly actions: readonly AlertAction[];
}

export interface AlertSettings {
  readonly rules: Readonly<Record<AlertRuleId, AlertRuleSettings>>;
  /** Over which restarts are counted, ms. */
  readonly restartWindowMs: number;
}
