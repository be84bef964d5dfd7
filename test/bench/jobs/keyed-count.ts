import { DataGeneratorSource, defineJob, WatermarkStrategy } from 'millrace';
import { ReportingSink } from '../job-report.ts';

const KEYS = 100_000;

interface Click {
  readonly user: number;
  readonly count: number;
  readonly page: string;
}

/** Counts clicks of 100,000 users behind a hash exchange; each click gives its user's count so far. */
export default defineJob('keyed count', (env) => {
  const count = Number(env.getParameter('records', '1000000'));
  const generate = (index: number): Click => ({
    user: (Math.imul(index, 0x9e3779b1) >>> 0) % KEYS,
    count: 1,
    page: PAGES[index % PAGES.length] as string,
  });
  env
    .fromSource(
      new DataGeneratorSource({ generate, count }),
      WatermarkStrategy.noWatermarks<Click>(),
      'clicks',
    )
    .keyBy('user')
    .sum('count')
    .sinkTo(new ReportingSink<Click>(env.getParameter('report', '.')));
});

const PAGES = ['/', '/search', '/cart', '/checkout', '/account/orders', '/help/contact-us'];
