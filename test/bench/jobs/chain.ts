import { DataGeneratorSource, defineJob, WatermarkStrategy } from 'millrace';
import { ReportingSink } from '../job-report.ts';

interface Reading {
  readonly sensor: number;
  readonly celsius: number;
}

interface RoomReading {
  readonly room: number;
  readonly kelvin: number;
}

/** Five stateless operators between source and sink, all in one chain. Every record gets through, so that they can be counted. */
export default defineJob('chain of five', (env) => {
  const count = Number(env.getParameter('records', '1000000'));
  const generate = (index: number): Reading => ({ sensor: index % 1000, celsius: (index % 997) / 10 });
  env
    .fromSource(
      new DataGeneratorSource({ generate, count }),
      WatermarkStrategy.noWatermarks<Reading>(),
      'readings',
    )
    .map(({ sensor, celsius }) => ({ sensor, kelvin: celsius + 273.15 }))
    .filter(({ kelvin }) => kelvin > 0)
    .flatMap<RoomReading>(({ sensor, kelvin }, out) => out.collect({ room: sensor >> 3, kelvin }))
    .map(({ room, kelvin }) => ({ room, fahrenheit: kelvin * 1.8 - 459.67 }))
    .filter(({ fahrenheit }) => fahrenheit < 1000)
    .sinkTo(new ReportingSink(env.getParameter('report', '.')));
});
