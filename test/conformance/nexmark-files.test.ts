import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runEmbedded } from '../../actors/nodes/run-embedded.ts';
import { QUERIES } from '../../examples/nexmark/index.ts';
import { Configuration } from '../../src/config/configuration.ts';
import { expectMinuteFiles } from './nexmark/files.ts';
import { configurationOf, everything, PARALLELISMS, SMALL } from './nexmark/run-query.ts';

const OPTIONS = { ...SMALL, firstEventRate: 20 };

describe('q10', () => {
  let folder = '';
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'nexmark-q10-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it.each(PARALLELISMS)(
    'when run at parallelism %i then each minute has one complete file with its bids',
    async (p) => {
      const { job } = await runEmbedded(QUERIES['q10']?.module ?? '', {
        slots: p,
        configuration: Configuration.of([
          ['parallelism.default', String(p)],
          ...Object.entries(configurationOf(OPTIONS, { output: folder })),
        ]),
      });
      expect(job.status).toBe('FINISHED');
      const { bids } = everything(OPTIONS);
      expect(new Set(bids.map(({ dateTime }) => Math.floor(dateTime / 60_000))).size).toBe(5);
      await expectMinuteFiles(folder, bids);
    },
  );
});
