import { join } from 'node:path';
import { DataGeneratorSource, FileSink, defineJob, WatermarkStrategy } from 'millrace';
import type { DeliveryGuarantee } from 'millrace';
import { ReportingSink } from '../job-report.ts';

interface Order {
  readonly id: number;
  readonly shop: string;
  readonly amount: number;
}

/** Records to lines of JSON in files, as fast as they can be written. */
export default defineJob('lines into files', (env) => {
  const count = Number(env.getParameter('records', '1000000'));
  const report = env.getParameter('report', '.');
  const generate = (id: number): Order => ({ id, shop: `shop ${id % 100}`, amount: (id % 9_973) / 100 });
  const orders = env.fromSource(
    new DataGeneratorSource({ generate, count }),
    WatermarkStrategy.noWatermarks<Order>(),
    'orders',
  );
  const deliveryGuarantee = env.getParameter('guarantee', 'EXACTLY_ONCE') as DeliveryGuarantee;
  orders.sinkTo(FileSink.jsonLines<Order>(join(report, 'lines'), { deliveryGuarantee }));
  orders.sinkTo(new ReportingSink(report));
});
