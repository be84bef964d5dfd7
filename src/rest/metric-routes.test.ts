import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { skewOf } from './metric-routes.ts';
import { RestError } from './errors.ts';
import type { RestGateway } from './gateway.ts';
import type { MetricScope } from './metric-query.ts';
import { METRIC_ROUTES } from './metric-routes.ts';

const JOB = 'a'.repeat(32);
const VERTEX = 'b'.repeat(32);
const SUBTASKS: readonly (readonly [string, number | string][])[] = [
  [
    ['numRecordsIn', 10],
    ['Map.numRecordsIn', 10],
    ['isBackPressured', 'false'],
    ['currentInputWatermark', -(2 ** 63)],
  ],
  [
    ['numRecordsIn', 30],
    ['isBackPressured', 'true'],
    ['only second', 1.5],
  ],
];

/** A cluster with one job of one vertex of two subtasks on two TaskManagers. */
const gateway = {
  job: () => Promise.resolve({ vertices: [{ vertexId: VERTEX, parallelism: 2 }] }),
  jobs: () => Promise.resolve([{ jobId: JOB }, { jobId: 'c' }]),
  taskManagers: () => Promise.resolve([{ taskManagerId: 'tm-1' }, { taskManagerId: 'tm-2' }]),
  metrics: { values: (scope: MetricScope) => Promise.resolve(new Map(valuesOf(scope))) },
} as unknown as RestGateway;

function valuesOf(scope: MetricScope): (readonly [string, number | string])[] {
  switch (scope.type) {
    case 'jobManager':
      return [['taskSlotsTotal', 4]];
    case 'taskManager':
      return [['Status.JVM.CPU.Load', scope.taskManagerId === 'tm-1' ? 0.25 : 0.75]];
    case 'job':
      return scope.jobId === JOB ? [['numRestarts', 2]] : [];
    case 'coordinator':
      return [['Source: a.unassignedSplits', 3]];
    case 'vertex':
      if (scope.vertexId !== VERTEX) return [];
      return SUBTASKS.flatMap((values, index) =>
        values.map(([name, value]) => [`${index}.${name}`, value] as const),
      );
    case 'subtask':
      return [...(SUBTASKS[scope.subtaskIndex] ?? [])];
  }
}

/** Answers as the server would: finds the route, matches its parameters. */
function get(url: string): Promise<unknown> {
  const [path = '', search = ''] = url.split('?');
  const parts = path.split('/');
  const fits = METRIC_ROUTES.filter(({ path: pattern }) => {
    const wanted = pattern.split('/');
    return (
      wanted.length === parts.length && wanted.every((part, i) => part.startsWith(':') || part === parts[i])
    );
  }).toSorted((a, b) => a.path.split(':').length - b.path.split(':').length);
  const [found] = fits;
  if (found === undefined) throw new Error(`no route for ${path}`);
  const params = Object.fromEntries(
    found.path.split('/').flatMap((part, i) => (part.startsWith(':') ? [[part.slice(1), parts[i]]] : [])),
  );
  const query = Object.fromEntries(new URLSearchParams(search));
  return found.run(gateway, { params, query, body: undefined, files: [] });
}

const VERTEX_PATH = `/jobs/${JOB}/vertices/${VERTEX}`;

describe('metric routes', () => {
  it.each([
    ['/jobmanager/metrics', [{ id: 'taskSlotsTotal' }]],
    ['/jobmanager/metrics?get=taskSlotsTotal,unknown', [{ id: 'taskSlotsTotal', value: '4' }]],
    ['/taskmanagers/tm-1/metrics?get=Status.JVM.CPU.Load', [{ id: 'Status.JVM.CPU.Load', value: '0.25' }]],
    [`/jobs/${JOB}/metrics?get=numRestarts`, [{ id: 'numRestarts', value: '2' }]],
    [`/jobs/${JOB}/metrics?get=`, []],
    [
      `${VERTEX_PATH}/metrics?get=1.numRecordsIn,0.Map.numRecordsIn`,
      [
        { id: '1.numRecordsIn', value: '30' },
        { id: '0.Map.numRecordsIn', value: '10' },
      ],
    ],
    [
      `${VERTEX_PATH}/metrics?get=0.currentInputWatermark`,
      [{ id: '0.currentInputWatermark', value: '-9223372036854775808' }],
    ],
    [`${VERTEX_PATH}/subtasks/1/metrics?get=isBackPressured`, [{ id: 'isBackPressured', value: 'true' }]],
    [`${VERTEX_PATH}/subtasks/7/metrics`, []],
    [`/jobs/${JOB}/vertices/other/metrics`, []],
    [
      `${VERTEX_PATH}/jm-operator-metrics?get=Source%3A a.unassignedSplits`,
      [{ id: 'Source: a.unassignedSplits', value: '3' }],
    ],
  ])('when %s is read, then names are listed and values are texts', async (url, answer) => {
    expect(await get(url)).toEqual(answer);
  });

  it.each([
    [
      `${VERTEX_PATH}/subtasks/metrics`,
      ['numRecordsIn', 'Map.numRecordsIn', 'isBackPressured', 'currentInputWatermark', 'only second'].map(
        (id) => ({ id }),
      ),
    ],
    [
      `${VERTEX_PATH}/subtasks/metrics?get=numRecordsIn`,
      [{ id: 'numRecordsIn', min: 10, max: 30, avg: 20, sum: 40, skew: 50 }],
    ],
    [
      `${VERTEX_PATH}/subtasks/metrics?get=numRecordsIn&agg=max,sum`,
      [{ id: 'numRecordsIn', max: 30, sum: 40 }],
    ],
    [
      `${VERTEX_PATH}/subtasks/metrics?get=numRecordsIn&agg=sum&subtasks=1,5-9`,
      [{ id: 'numRecordsIn', sum: 30 }],
    ],
    [`${VERTEX_PATH}/subtasks/metrics?get=only second&agg=sum`, [{ id: 'only second', sum: 1.5 }]],
    [
      `${VERTEX_PATH}/subtasks/metrics?get=isBackPressured,numRecordsIn&agg=min`,
      [{ id: 'numRecordsIn', min: 10 }],
    ],
    [`${VERTEX_PATH}/subtasks/metrics?get=numRecordsIn,unknown`, []],
    ['/taskmanagers/metrics?get=Status.JVM.CPU.Load&agg=avg', [{ id: 'Status.JVM.CPU.Load', avg: 0.5 }]],
    [
      '/taskmanagers/metrics?get=Status.JVM.CPU.Load&agg=avg&taskmanagers=tm-2',
      [{ id: 'Status.JVM.CPU.Load', avg: 0.75 }],
    ],
    [`/jobs/metrics?get=numRestarts&agg=sum&jobs=${JOB}`, [{ id: 'numRestarts', sum: 2 }]],
    ['/jobs/metrics?get=numRestarts&agg=sum', [{ id: 'numRestarts', sum: 2 }]],
  ])('when %s is read, then values are aggregated as numbers', async (url, answer) => {
    expect(await get(url)).toEqual(answer);
  });

  it.each([
    `${VERTEX_PATH}/subtasks/metrics?agg=median`,
    `${VERTEX_PATH}/subtasks/metrics?subtasks=one`,
    `${VERTEX_PATH}/subtasks/metrics?subtasks=1-2-3`,
    `${VERTEX_PATH}/subtasks/-1/metrics`,
    '/jobs/a.b/metrics',
    '/taskmanagers/..%2f/metrics',
  ])('when %s is read, then it is refused as a bad request', async (url) => {
    await expect(get(url)).rejects.toThrow(RestError);
    await expect(get(url)).rejects.toMatchObject({ status: 400 });
  });

  it('when answers are made, then they are what the routes declare', async () => {
    for (const url of [`${VERTEX_PATH}/subtasks/metrics?get=numRecordsIn`, `${VERTEX_PATH}/metrics`]) {
      const found = METRIC_ROUTES.find(({ path }) =>
        path.endsWith(url.includes('subtasks') ? 'subtasks/metrics' : ':vertexid/metrics'),
      );
      expect(found?.response.safeParse(await get(url)).success).toBe(true);
    }
  });
});

describe('skewOf', () => {
  it('when values are any numbers, then it is between 0, which is even, and 100', () => {
    const values = fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { minLength: 1 });
    fc.assert(
      fc.property(values, (all) => {
        const skew = skewOf(all, all.reduce((sum, value) => sum + value, 0) / all.length);
        expect(skew).toBeGreaterThanOrEqual(0);
        expect(skew).toBeLessThanOrEqual(100);
        expect(skewOf([7, 7, 7], 7)).toBe(0);
      }),
    );
  });
});
