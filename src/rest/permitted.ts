import { OPTIONS } from '../config/options.ts';
import { RestError } from './errors.ts';
import type { RestGateway } from './gateway.ts';

/** @throws RestError 403 where `web.submit.enable` is false */
export function checkSubmit({ configuration }: RestGateway): void {
  if (!configuration.get(OPTIONS.webSubmit))
    throw new RestError(403, `${OPTIONS.webSubmit.key} is false: jobs are not submitted over REST here`);
}

/** @throws RestError 403 where `web.rescale.enable` is false */
export function checkRescale({ configuration }: RestGateway): void {
  if (!configuration.get(OPTIONS.webRescale))
    throw new RestError(403, `${OPTIONS.webRescale.key} is false: jobs are not rescaled over REST here`);
}

/** @throws RestError 403 where `web.cancel.enable` is false */
export function checkCancel({ configuration }: RestGateway): void {
  if (!configuration.get(OPTIONS.webCancel))
    throw new RestError(403, `${OPTIONS.webCancel.key} is false: jobs are not canceled over REST here`);
}
