import {
  DataGeneratorSource,
  KeyedProcessFunction,
  MapStateDescriptor,
  Migrations,
  ValueStateDescriptor,
  WatermarkStrategy,
  defineJob,
} from 'millrace';
import type { RuntimeContext } from 'millrace';

/** The states of `test/golden/every-state.ts` as a later version of the job might have them; parameter `sum` spoils one. */
class ChangedStates extends KeyedProcessFunction<number, number, string> {
  readonly #kindOfSum: string;
  readonly #fails: boolean;
  #connection: object | undefined;

  constructor(kindOfSum: string, fails: boolean) {
    super();
    this.#kindOfSum = kindOfSum;
    this.#fails = fails;
  }

  override open(context: RuntimeContext): void {
    if (this.#fails) throw new Error('no network');
    const profile = new ValueStateDescriptor<unknown>('profile');
    profile.enableMigration(
      Migrations.of(
        [Migrations.rename('seen', 'lastSeen'), Migrations.add('visits', 0)],
        ({ parities: _, ...rest }) => rest,
      ),
    );
    context.getState(profile);
    context.getMapState(new MapStateDescriptor<number, number>('digits'));
    context.getState(new ValueStateDescriptor<number>('kept'));
    context.getState(new ValueStateDescriptor<number>('visits'));
    if (this.#kindOfSum === 'value') context.getState(new ValueStateDescriptor<number>('sum'));
    this.#connection = {};
  }

  processElement(): void {}

  /** As a function does that closes what its `open` did not come to. */
  override close(): void {
    if (this.#connection === undefined) throw new Error('there is no connection to close');
  }
}

export default defineJob('changed states', (env) => {
  const source = new DataGeneratorSource<number>({ generate: (index) => index, count: 10 });
  env
    .fromSource(source, WatermarkStrategy.noWatermarks(), 'numbers')
    .uid('numbers')
    .keyBy((n) => n % 7)
    .process(new ChangedStates(env.getParameter('sum', ''), env.getParameter('fails', '') !== ''))
    .uid('every-state')
    .collect();
});
