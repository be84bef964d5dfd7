import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JobId } from '../../actors/index.ts';
import { ClusterUnderTest, jobPath, until } from './cluster-under-test.ts';
import { RestClient } from './rest-client.ts';
import type { Json, RestAnswer } from './rest-client.ts';

let cluster: ClusterUnderTest;
let rest: RestClient;
let jobId: JobId;
let vertices: readonly { readonly id: string; readonly name: string }[];

const settings = {
  'rest.flamegraph.enabled': 'true',
  'rest.flamegraph.num-samples': '10',
  'rest.flamegraph.refresh-interval': '100 ms',
  'rest.profiling.enabled': 'true',
  'rest.profiling.history-size': '2',
  'rest.profiling.duration-max': '5 s',
};

beforeAll(async () => {
  const overrides = Object.entries(settings).flatMap(([key, value]) => ['-D', `${key}=${value}`]);
  cluster = await ClusterUnderTest.start({ taskManagers: 2, slots: 1, arguments: overrides });
  await until('the REST API listens', async () => (await cluster.client.overview()).rest !== undefined);
  rest = new RestClient((await cluster.client.overview()).rest ?? '');
  jobId = await cluster.submit(jobPath('busy.ts'), { 'parallelism.default': '2' });
  await until('all tasks run', async () => {
    const { tasksRunning, tasksTotal } = await cluster.client.details(jobId);
    return tasksRunning === tasksTotal;
  });
  vertices = (await rest.get(`/jobs/${jobId}`)).body.vertices;
});

afterAll(async () => {
  await cluster?.stop();
});

/** Asks until the samples are there. */
async function flameGraph(query: string): Promise<Json> {
  const path = `/jobs/${jobId}/vertices/${vertices[0]?.id}/flamegraph?${query}`;
  let answer: RestAnswer | undefined;
  await until(`a flame graph of ${query}`, async () => {
    answer = await rest.get(path);
    return answer.status !== 200 || answer.body.data !== null;
  });
  expect(answer?.status, answer?.text).toBe(200);
  return answer?.body;
}

/** Every frame has its callees' samples and its own. */
function isConsistent({ value, children }: Json): boolean {
  const below = children.reduce((sum: number, child: Json) => sum + child.value, 0);
  return below <= value && children.every(isConsistent);
}

describe('flame graphs', () => {
  it('when they are asked for the first time, then they are waited for, and show the functions of the job', async () => {
    const first = await rest.get(`/jobs/${jobId}/vertices/${vertices[0]?.id}/flamegraph?type=FULL`);
    expect(first.body).toEqual({ endTimestamp: -3, data: null });
    const { endTimestamp, data } = await flameGraph('type=FULL');
    expect(Math.abs(endTimestamp - Date.now())).toBeLessThan(600_000);
    expect(data.name).toBe('(root)');
    expect(JSON.stringify(data)).toContain('searchForPrimes');
    expect(isConsistent(data)).toBe(true);
  });

  it('when only what runs is wanted, or only what waits, then the other is not there', async () => {
    const onCpu = await flameGraph('type=ON_CPU');
    expect(JSON.stringify(onCpu)).toContain('searchForPrimes');
    expect(JSON.stringify(onCpu)).not.toContain('(idle)');
    const offCpu = await flameGraph('type=off_cpu');
    expect(JSON.stringify(offCpu)).not.toContain('searchForPrimes');
  });

  it('when one subtask is wanted, then there is a graph of it, and of those that are not there is none', async () => {
    expect(JSON.stringify(await flameGraph('type=FULL&subtaskindex=1'))).toContain('searchForPrimes');
    const path = `/jobs/${jobId}/vertices/${vertices[0]?.id}/flamegraph`;
    expect((await rest.get(`${path}?subtaskindex=9`)).status).toBe(404);
    expect((await rest.get(`${path}?type=ICE`)).status).toBe(400);
  });
});

describe('thread dumps', () => {
  it('when a TaskManager is asked, then each slot says where it is', async () => {
    // A thread that got no time in a sample has no stack.
    await until('the slot has a stack', async () => {
      const { body } = await rest.get('/taskmanagers/tm-1/thread-dump');
      const [main, slot] = body.threadInfos;
      expect(body.threadInfos.map(({ threadName }: Json) => threadName)).toEqual(['main', 'slot-0']);
      expect(main.stringifiedThreadInfo).toMatch(/in its event loop|^ {2}at /m);
      expect(slot.stringifiedThreadInfo).toMatch(/event loop busy \d+ %[\s\S]*MB of \d+ MB\n/);
      return /^ {2}at .+\(.+:\d+\)$/m.test(slot.stringifiedThreadInfo);
    });
  });

  it('when the JobManager is asked, then its main thread is there', async () => {
    const { body } = await rest.get('/jobmanager/thread-dump');
    expect(body.threadInfos.map(({ threadName }: Json) => threadName)).toEqual(['main']);
  });
});

describe('standard output', () => {
  it('when a job prints, then the TaskManager shows it', async () => {
    await until('the line is there', async () => {
      const outputs = await Promise.all(
        ['tm-1', 'tm-2'].map((node) => rest.get(`/taskmanagers/${node}/stdout`)),
      );
      return outputs.some(({ status, text }) => status === 200 && text.includes('303'));
    });
    expect((await rest.get('/jobmanager/stdout')).status).toBe(404);
  });
});

describe.each(['/jobmanager', '/taskmanagers/tm-2'])('profiles of %s', (node) => {
  async function profile(mode: string): Promise<Json> {
    const started = await rest.ask('POST', `${node}/profiler`, { mode, duration: 0.2 });
    expect(started.body, started.text).toMatchObject({
      status: 'RUNNING',
      mode,
      duration: 0.2,
      outputFile: null,
    });
    let newest: Json;
    await until('the profile is finished', async () => {
      [newest] = (await rest.get(`${node}/profiler`)).body.profilingList;
      return newest.status !== 'RUNNING';
    });
    expect(newest.status, newest.message).toBe('FINISHED');
    const file = await rest.get(`${node}/profiler/${newest.outputFile}`);
    return JSON.parse(file.text);
  }

  it('when time is profiled, then speedscope gets a profile of each thread', async () => {
    const { profiles, shared } = await profile('ITIMER');
    const threads = node === '/jobmanager' ? ['main'] : ['main', 'slot-0'];
    expect(profiles.map(({ name }: Json) => name)).toEqual(threads);
    for (const { samples, weights, endValue } of profiles) {
      expect(samples.length).toBe(weights.length);
      expect(samples.flat().every((frame: number) => shared.frames[frame] !== undefined)).toBe(true);
      expect(endValue).toBeGreaterThan(0);
    }
  });

  it('when allocations are profiled, then their bytes are told', async () => {
    const { profiles } = await profile('ALLOC');
    expect(profiles.every(({ unit }: Json) => unit === 'bytes')).toBe(true);
  });

  it('when a profile is too long, of no mode, or one is under way, then it is refused; old ones go', async () => {
    const refused = (body: object) => rest.ask('POST', `${node}/profiler`, body);
    expect((await refused({ mode: 'LOCK', duration: 1 })).status).toBe(400);
    const long = await refused({ mode: 'CPU', duration: 100 });
    expect([long.status, long.text]).toEqual([400, expect.stringContaining('rest.profiling.duration-max')]);
    const first = refused({ mode: 'CPU', duration: 1 });
    const second = refused({ mode: 'CPU', duration: 1 });
    const answers = (await Promise.all([first, second])).toSorted((a, b) => a.status - b.status);
    expect(answers.map(({ status }) => status)).toEqual([200, 400]);
    expect(answers[1]?.text).toContain('under way');
    await until('it is finished', async () => {
      const [newest] = (await rest.get(`${node}/profiler`)).body.profilingList;
      return newest.status === 'FINISHED';
    });
    await profile('CPU');
    expect((await rest.get(`${node}/profiler`)).body.profilingList).toHaveLength(2);
    expect((await rest.get(`${node}/profiler/..%2f..%2fpackage.json`)).status).toBe(404);
  });
});
