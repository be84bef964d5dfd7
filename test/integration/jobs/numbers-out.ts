import {
  DataGeneratorSource,
  DeliveryGuarantee,
  FileSink,
  JetStreamSink,
  WatermarkStrategy,
  defineJob,
  jsonSchema,
} from 'millrace';

/** The numbers below `count`, from a rate-limited source, each into a file and into a stream. */
export default defineJob('numbers out', (env) => {
  const source = new DataGeneratorSource<number>({
    generate: (index) => index,
    count: Number(env.getParameter('count')),
    recordsPerSecond: Number(env.getParameter('rate')),
    splits: 3,
  });
  const numbers = env
    .fromSource(source, WatermarkStrategy.noWatermarks<number>(), 'numbers')
    .keyBy((value) => value % 16)
    .map((value) => value);
  numbers.sinkTo(FileSink.jsonLines<number>(env.getParameter('out')));
  numbers.sinkTo(
    new JetStreamSink<number>({
      servers: env.getParameter('servers'),
      subject: env.getParameter('subject'),
      serializer: jsonSchema(),
      packBytes: 2_000,
      deliveryGuarantee: DeliveryGuarantee.EXACTLY_ONCE,
      exactlyOnce: {
        by: env.getParameter('by') as 'atomic-batches' | 'deduplication',
        maximumOutage: '1 min',
        acceptUnsafeStream: true,
      },
    }),
  );
});
