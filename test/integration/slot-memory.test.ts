import { describe, expect, it } from 'vitest';
import { runEmbedded } from '../../actors/index.ts';
import { Configuration } from '../../src/config/configuration.ts';
import { jobPath } from './cluster-under-test.ts';

describe('memory of a slot', () => {
  it('when its heap is full, then the job fails, saying how large it was and what to set, and the process lives', async () => {
    const configuration = Configuration.of([
      ['taskmanager.memory.process.size', '800 mb'],
      ['restart-strategy.type', 'none'],
    ]);
    const { job } = await runEmbedded(jobPath('hoards.ts'), { configuration, slots: 1 });
    expect(job.status).toBe('FAILED');
    expect(job.failure?.cause?.message ?? job.failure?.message).toMatch(
      /heap of \d+ MB is full: give more \(taskmanager\.memory\.task\.heap\.size/,
    );
  });
});
