import type { JobId } from '../base/ids.ts';
import { RestError } from './errors.ts';
import type { RestGateway } from './gateway.ts';
import { checkCancel } from './permitted.ts';

/** Cancels a job over REST. @throws RestError 403 where that is off, 404, 409 for a job that has ended otherwise */
export async function cancelJob(gateway: RestGateway, jobId: JobId): Promise<void> {
  checkCancel(gateway);
  const { status } = await gateway.job(jobId);
  if (status === 'FINISHED' || status === 'FAILED')
    throw new RestError(
      409,
      `Job cancellation failed because the job has already reached another terminal state (${status}).`,
    );
  await gateway.cancel(jobId);
}
