import { describe, expect, it } from 'vitest';
import { SUBMISSIONS_REFUSED_KEPT, SUBMISSIONS_UNDER_WAY_MAX } from '../../../src/base/limits.ts';
import type { JobId } from '../../../src/base/ids.ts';
import type { JarOptions } from '../../../src/rest/gateway.ts';
import { SilentLogger } from '../adapters/silent-logger.ts';
import { systemClock } from '../adapters/system-clock.ts';
import { systemRandom } from '../adapters/system-random.ts';
import { SubmittedModules } from './submitted-modules.ts';

const OPTIONS: JarOptions = { programArguments: [], configuration: {} };
const environment = { clock: systemClock, random: systemRandom, logger: new SilentLogger() };
const ID = 'a'.repeat(32) as JobId;

function submitted(run: (id: string, options: JarOptions) => Promise<JobId>): SubmittedModules {
  const list = (): Promise<{ id: string; name: string; uploaded: number }[]> =>
    Promise.resolve([{ id: 'jar', name: 'job.ts', uploaded: 0 }]);
  return new SubmittedModules(environment, { list, run });
}

const endless = (): Promise<JobId> => new Promise(() => {});

describe('modules that are submitted with nobody waiting', () => {
  it('when one begins, then its id is known at once, and the same id begins once', async () => {
    const runs: (string | undefined)[] = [];
    const modules = submitted((_id, { jobId }) => {
      runs.push(jobId);
      return endless();
    });
    expect(await modules.begin('jar', { ...OPTIONS, jobId: ID })).toBe(ID);
    expect(await modules.begin('jar', { ...OPTIONS, jobId: ID })).toBe(ID);
    expect(runs).toEqual([ID]);
    expect(modules.list()).toEqual([expect.objectContaining({ jobId: ID, name: 'job.ts' })]);
  });

  it('when one is refused, then it is remembered with the reason, and may begin again', async () => {
    let tries = 0;
    const modules = submitted(() => {
      tries += 1;
      return Promise.reject(new Error(`no good ${tries}`));
    });
    for (const message of ['no good 1', 'no good 2']) {
      await modules.begin('jar', { ...OPTIONS, jobId: ID });
      await expect.poll(() => modules.list()[0]?.refused?.error.message).toBe(message);
    }
    expect(modules.list()).toHaveLength(1);
  });

  it('when many are refused, then the oldest are forgotten', async () => {
    const modules = submitted(() => Promise.reject(new Error('no good')));
    const first = await modules.begin('jar', OPTIONS);
    await expect.poll(() => modules.list()[0]?.refused).toBeDefined();
    for (let i = 0; i < SUBMISSIONS_REFUSED_KEPT; i++) {
      const id = await modules.begin('jar', OPTIONS);
      await expect.poll(() => modules.list().find(({ jobId }) => jobId === id)?.refused).toBeDefined();
    }
    expect(modules.list()).toHaveLength(SUBMISSIONS_REFUSED_KEPT);
    expect(modules.list().map(({ jobId }) => jobId)).not.toContain(first);
  });

  it('when too many are under way, then further ones are refused, to come again', async () => {
    const modules = submitted(endless);
    for (let i = 0; i < SUBMISSIONS_UNDER_WAY_MAX; i++) await modules.begin('jar', OPTIONS);
    await expect(modules.begin('jar', OPTIONS)).rejects.toMatchObject({ status: 503 });
  });

  it('when there is no such module, then that is said at once', async () => {
    await expect(submitted(endless).begin('other', OPTIONS)).rejects.toMatchObject({
      status: 400,
      message: 'Jar file other does not exist.',
    });
  });
});
