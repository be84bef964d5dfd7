import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { MetricSamples } from '../protocol/metrics.ts';
import { prometheusText } from './prometheus-text.ts';

const group = (more: Partial<MetricSamples>): MetricSamples => ({
  scope: 'taskmanager_job_task_operator',
  variables: { job_name: 'my job' },
  path: [],
  samples: [],
  ...more,
});

/** Undoes the escaping of the text format, by its specification. */
function unescape(text: string): string {
  return text.replaceAll(/\\(.)/g, (_, char: string) => (char === 'n' ? '\n' : char));
}

describe('prometheusText', () => {
  it("when there are metrics of each type, then they are written as Flink's reporter writes them", () => {
    const histogram = {
      min: 1,
      max: 9,
      mean: 5,
      stddev: 2,
      median: 5,
      p75: 6,
      p90: 7,
      p95: 7.5,
      p98: 8,
      p99: 8,
      p999: 9,
    };
    const groups = [
      group({ samples: [{ type: 'counter', name: 'numRecordsIn', value: 3 }] }),
      group({
        variables: { job_name: 'b' },
        samples: [
          { type: 'counter', name: 'numRecordsIn', value: 4 },
          { type: 'meter', name: 'rate', value: { rate: 1.5, count: 9 } },
          { type: 'gauge', name: 'on', value: true },
          { type: 'gauge', name: 'text', value: 'left out' },
          { type: 'gauge', name: 'none', value: Number.NaN },
          { type: 'gauge', name: 'far', value: -Infinity },
        ],
      }),
      group({
        path: [['kind', 'x y'], ['of']],
        samples: [{ type: 'histogram', name: 'ms', value: { count: 12, ...histogram } }],
      }),
    ];
    expect(prometheusText(groups, { filterLabelValues: true })).toBe(
      [
        '# TYPE flink_taskmanager_job_task_operator_numRecordsIn gauge',
        'flink_taskmanager_job_task_operator_numRecordsIn{job_name="my_job"} 3',
        'flink_taskmanager_job_task_operator_numRecordsIn{job_name="b"} 4',
        '# TYPE flink_taskmanager_job_task_operator_rate gauge',
        'flink_taskmanager_job_task_operator_rate{job_name="b"} 1.5',
        '# TYPE flink_taskmanager_job_task_operator_on gauge',
        'flink_taskmanager_job_task_operator_on{job_name="b"} 1',
        '# TYPE flink_taskmanager_job_task_operator_none gauge',
        'flink_taskmanager_job_task_operator_none{job_name="b"} NaN',
        '# TYPE flink_taskmanager_job_task_operator_far gauge',
        'flink_taskmanager_job_task_operator_far{job_name="b"} -Inf',
        '# TYPE flink_taskmanager_job_task_operator_kind_of_ms summary',
        ...[
          ['0.5', 5],
          ['0.75', 6],
          ['0.95', 7.5],
          ['0.98', 8],
          ['0.99', 8],
          ['0.999', 9],
        ].map(
          ([quantile, value]) =>
            `flink_taskmanager_job_task_operator_kind_of_ms{job_name="my_job",quantile="${quantile}"} ${value}`,
        ),
        'flink_taskmanager_job_task_operator_kind_of_ms_count{job_name="my_job"} 12',
        '',
      ].join('\n'),
    );
  });

  it('when names and values are any texts, then each line can be read back and no series is there twice', () => {
    const text = fc.string({ unit: 'binary', maxLength: 12 });
    const anyGroup = fc.record({
      variables: fc.dictionary(text, text, { maxKeys: 4 }),
      name: fc.string({ unit: 'binary', minLength: 1, maxLength: 12 }),
      value: fc.double(),
    });
    fc.assert(
      fc.property(fc.array(anyGroup, { maxLength: 8 }), fc.boolean(), (all, filterLabelValues) => {
        const groups = all.map(({ variables, name, value }) => {
          return group({ variables, samples: [{ type: 'gauge', name, value }] });
        });
        const lines = prometheusText(groups, { filterLabelValues }).split('\n').slice(0, -1);
        const series = lines.filter((line) => !line.startsWith('# '));
        for (const line of series)
          expect(line).toMatch(
            /^[a-zA-Z_:][a-zA-Z0-9_:]*(\{([a-zA-Z_][a-zA-Z0-9_]*="([^"\\\n]|\\["\\n])*",?)+\})? (NaN|[+-]Inf|-?\d[\d.e+-]*)$/,
          );
        const keys = series.map((line) => line.slice(0, line.lastIndexOf(' ')));
        expect(new Set(keys).size).toBe(keys.length);
      }),
    );
  });

  it('when label values are not filtered, then they arrive as they are', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (value) => {
        const written = prometheusText(
          [group({ variables: { v: value }, samples: [{ type: 'counter', name: 'n', value: 1 }] })],
          { filterLabelValues: false },
        );
        const label = /\{v="((?:[^"\\]|\\.)*)"\} 1\n$/s.exec(written)?.[1];
        expect(unescape(label ?? 'missing')).toBe(value);
      }),
    );
  });
});
