import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runEmbedded } from '../../actors/nodes/run-embedded.ts';
import { QUERIES } from '../../examples/nexmark/index.ts';
import { Configuration } from '../../src/config/configuration.ts';
import { everything, groupBy, PARALLELISMS, SMALL } from './nexmark/run-query.ts';

const OPTIONS = { ...SMALL, firstEventRate: 20 };

describe('q10', () => {
  let folder = '';
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'nexmark-q10-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  const written = async (): Promise<Map<string, string[]>> => {
    const partitions = new Map<string, string[]>();
    for (const day of await readdir(folder)) {
      for (const minute of await readdir(join(folder, day))) {
        const partition = join(day, minute);
        expect((await readdir(join(folder, partition))).toSorted()).toEqual(['_SUCCESS', 'part.csv']);
        const text = await readFile(join(folder, partition, 'part.csv'), 'utf8');
        partitions.set(partition, text.trimEnd().split('\n').toSorted());
      }
    }
    return partitions;
  };

  it.each(PARALLELISMS)(
    'when run at parallelism %i then each minute has one complete file with its bids',
    async (p) => {
      const parameters = { ...OPTIONS, events: OPTIONS.numEvents, output: folder };
      const { job } = await runEmbedded(QUERIES['q10']?.module ?? '', {
        slots: p,
        configuration: Configuration.of([
          ['parallelism.default', String(p)],
          ...Object.entries(parameters).map(
            ([name, value]) => [`pipeline.global-job-parameters.${name}`, String(value)] as const,
          ),
        ]),
      });
      expect(job.status).toBe('FINISHED');
      const lines = groupBy(everything(OPTIONS).bids, ({ dateTime }) => {
        const text = new Date(dateTime).toISOString();
        return join(`dt=${text.slice(0, 10)}`, `hm=${text.slice(11, 13)}%3A${text.slice(14, 16)}`);
      });
      const expected = [...lines].map(([partition, bids]) => [
        partition,
        bids
          .map((bid) => `${bid.auction},${bid.bidder},${bid.price},${bid.dateTime},${bid.extra}`)
          .toSorted(),
      ]);
      expect(expected).toHaveLength(5);
      expect(await written()).toEqual(new Map(expected as [string, string[]][]));
    },
  );
});
