import { DataGeneratorSource, WatermarkStrategy, defineJob } from 'millrace';

console.log('the module is loaded');

/** Says where its enumerator works. */
class Printing extends DataGeneratorSource<number> {
  override createEnumerator(
    ...args: Parameters<DataGeneratorSource<number>['createEnumerator']>
  ): ReturnType<DataGeneratorSource<number>['createEnumerator']> {
    console.log('the enumerator is made');
    return super.createEnumerator(...args);
  }
}

/** Prints where modules are loaded, where splits are enumerated, and in its tasks. */
export default defineJob('prints', (env) => {
  env
    .fromSource(
      new Printing({ count: 3, generate: (index) => index }),
      WatermarkStrategy.noWatermarks<number>(),
      'numbers',
    )
    .map((n) => {
      console.log(`the task has ${n}`);
      return n;
    })
    .filter(() => false)
    .print();
});
