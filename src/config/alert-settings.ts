import { ConfigurationError } from '../base/errors.ts';
import type { AlertSettings } from '../control/alerts/rules.ts';
import type { Configuration } from './configuration.ts';
import { OPTIONS } from './options.ts';

/** The rules as they are configured. */
export function alertSettings(configuration: Configuration): AlertSettings {
  const get = configuration.get.bind(configuration);
  return {
    restartWindowMs: get(OPTIONS.restartStormWindow),
    rules: {
      'checkpoint-failures': {
        threshold: get(OPTIONS.checkpointFailuresThreshold),
        forMs: get(OPTIONS.checkpointFailuresFor),
        actions: get(OPTIONS.checkpointFailuresActions),
      },
      'event-time-lag': {
        threshold: get(OPTIONS.eventTimeLagThreshold),
        forMs: get(OPTIONS.eventTimeLagFor),
        actions: get(OPTIONS.eventTimeLagActions),
      },
      backpressure: {
        threshold: get(OPTIONS.backpressureThreshold),
        forMs: get(OPTIONS.backpressureFor),
        actions: get(OPTIONS.backpressureActions),
      },
      'restart-storm': {
        threshold: get(OPTIONS.restartStormThreshold),
        forMs: get(OPTIONS.restartStormFor),
        actions: get(OPTIONS.restartStormActions),
      },
      'memory-pressure': {
        threshold: get(OPTIONS.memoryPressureThreshold),
        forMs: get(OPTIONS.memoryPressureFor),
        actions: get(OPTIONS.memoryPressureActions),
      },
      'data-loss-risk': {
        threshold: get(OPTIONS.dataLossRiskThreshold),
        forMs: get(OPTIONS.dataLossRiskFor),
        actions: get(OPTIONS.dataLossRiskActions),
      },
    },
  };
}

/** Where alerts are posted. @throws ConfigurationError for what is no URL */
export function alertHooks(configuration: Configuration): {
  readonly webhook: string | undefined;
  readonly scale: string | undefined;
} {
  const { alertWebhook, alertScaleHook } = OPTIONS;
  const [webhook, scale] = [alertWebhook, alertScaleHook].map((option) => {
    const url = configuration.get(option);
    if (url === undefined || (URL.canParse(url) && /^https?:$/.test(new URL(url).protocol))) return url;
    throw new ConfigurationError(`${option.key}: it is not an http or https URL`);
  });
  return { webhook, scale };
}
