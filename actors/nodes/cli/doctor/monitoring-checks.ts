import { alertHooks } from '../../../../src/config/alert-settings.ts';
import type { Configuration } from '../../../../src/config/configuration.ts';
import { OPTIONS } from '../../../../src/config/options.ts';
import { reporterSettings } from '../../../../src/config/reporter-settings.ts';
import { Findings } from './finding.ts';
import type { Finding } from './finding.ts';

/** Whether somebody learns of what goes wrong. */
export function monitoringChecks(configuration: Configuration): readonly Finding[] {
  const findings = new Findings('Monitoring');
  const kinds = reporterSettings(configuration).map(({ kind }) => kind);
  findings.check(kinds.length > 0, `metrics are reported by ${kinds.join(', ')}`, [
    'metrics are kept in the cluster only',
    `they are gone with it, and nobody is called: set ${OPTIONS.metricReporters.key}, to prometheus for example; rules and boards are in ops/alerts and ops/grafana`,
  ]);
  if (!configuration.get(OPTIONS.alertsEnabled))
    findings.advise(
      'alerts are off',
      `set ${OPTIONS.alertsEnabled.key} to true, unless others watch the metrics`,
    );
  else
    findings.check(alertHooks(configuration).webhook !== undefined, 'alerts are posted to a webhook', [
      'alerts are shown over REST and as events, and go nowhere else',
      `set ${OPTIONS.alertWebhook.key} where people are called from, unless others watch the metrics`,
    ]);
  return findings.list;
}
