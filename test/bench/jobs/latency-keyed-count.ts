import { defineJob, WatermarkStrategy } from 'millrace';
import { DueSource } from '../latency/due-source.ts';
import { LatencySink } from '../latency/latency-sink.ts';

const KEYS = 100_000;

interface Click {
  readonly user: number;
  readonly count: number;
  /** When this click, the last one counted, was due. */
  readonly due: number;
}

/** Counts clicks per user; each count says when its latest click was due. */
export default defineJob('latency of a keyed count', (env) => {
  const number = (name: string): number => Number(env.getParameter(name, ''));
  const source = new DueSource<Click>({
    generate: (index, due) => ({ user: (Math.imul(index, 0x9e3779b1) >>> 0) % KEYS, count: 1, due }),
    count: number('records'),
    recordsPerSecond: number('rate'),
    startAt: number('startAt'),
  });
  env
    .fromSource(source, WatermarkStrategy.noWatermarks<Click>(), 'clicks')
    .keyBy('user')
    .reduce((sum, { user, count, due }) => ({ user, count: sum.count + count, due }))
    .sinkTo(new LatencySink<Click>(env.getParameter('report', '.'), number('measureFrom')));
});
