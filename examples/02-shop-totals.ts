// Running totals of the orders of eight shops, kept in state and written to files exactly once: kill it, and go on.
//
//   npx millrace run examples/02-shop-totals.ts -D execution.checkpointing.dir=$PWD/out/02/checkpoints
//   pkill -9 -f shop-totals                                in another terminal, at any moment
//   npx millrace run examples/02-shop-totals.ts -D execution.checkpointing.dir=$PWD/out/02/checkpoints -s out/02/checkpoints
//   node examples/shop-totals/verify.mjs                    is every order there once, with the right total?
//
// Job parameters (-D pipeline.global-job-parameters.<name>=<value>): `orders`, how many; `rate`, per second; `output`, a folder.
import {
  DataGeneratorSource,
  FileSink,
  KeyedProcessFunction,
  ValueStateDescriptor,
  WatermarkStrategy,
  defineJob,
} from 'millrace';
import type { Collector, RuntimeContext, ValueState } from 'millrace';

interface Order {
  readonly id: number;
  readonly shop: number;
  readonly cents: number;
}

interface Line extends Order {
  /** Of the shop, this order included. */
  readonly total: number;
}

const SHOPS = 8;

/** The same order for the same id, whenever it is asked for: what is read again after a failure is what was read before. */
function order(id: number): Order {
  return { id, shop: id % SHOPS, cents: 100 + ((id * 7_919) % 9_901) };
}

class RunningTotal extends KeyedProcessFunction<number, Order, Line> {
  #total!: ValueState<number>;

  override open(context: RuntimeContext): void {
    this.#total = context.getState(new ValueStateDescriptor('total', 0));
  }

  processElement(placed: Order, _context: unknown, out: Collector<Line>): void {
    const total = (this.#total.value() ?? 0) + placed.cents;
    this.#total.update(total);
    out.collect({ ...placed, total });
  }
}

export default defineJob('shop totals', (env) => {
  env.enableCheckpointing('1 s');
  const orders = new DataGeneratorSource<Order>({
    generate: order,
    count: Number(env.getParameter('orders', '60000')),
    recordsPerSecond: Number(env.getParameter('rate', '2000')),
    splits: 4,
  });
  env
    .fromSource(orders, WatermarkStrategy.noWatermarks<Order>(), 'orders')
    .uid('orders')
    .keyBy('shop')
    .process(new RunningTotal())
    .uid('totals')
    .sinkTo(FileSink.jsonLines<Line>(env.getParameter('output', 'out/02/lines')))
    .uid('lines');
});
