import type { Configuration } from './configuration.ts';
import { JOB_PARAMETERS, OPTIONS } from './options.ts';

/** What stands in place of a secret, as in Flink. */
export const MASK = '******';

/** Keys of Flink's and of users' own that sound like secrets: masked, whatever their type. */
const SOUNDS_SECRET = /password|secret|token|api-?key|credential|access-?key|private/i;

const SECRETS = new Set<string>(
  Object.values(OPTIONS)
    .filter(({ type }) => type === 'secret')
    .map(({ key }) => key),
);

/** A configuration that may be shown: secrets are masked, by their type and by what their names say. */
export function redacted(configuration: Configuration): Record<string, string> {
  return Object.fromEntries(
    Object.entries(configuration.toRecord())
      .filter(([key]) => !key.startsWith(`${JOB_PARAMETERS}.`))
      .map(([key, value]) => [key, isSecret(key) ? MASK : value]),
  );
}

/** Job parameters that may be shown, by name. */
export function redactedParameters(configuration: Configuration): Record<string, string> {
  return Object.fromEntries(
    [...configuration.parameters()].map(([name, value]) => [name, SOUNDS_SECRET.test(name) ? MASK : value]),
  );
}

function isSecret(key: string): boolean {
  return SECRETS.has(key) || (SOUNDS_SECRET.test(key) && !key.endsWith('-file'));
}
