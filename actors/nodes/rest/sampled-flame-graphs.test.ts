import { expect, it } from 'vitest';
import type { ClusterId, JobId, TaskManagerId, VertexId } from '../../../src/base/ids.ts';
import { Configuration } from '../../../src/config/configuration.ts';
import type { CallTreeRequest, NodeView } from '../../../src/ports/node-view.ts';
import { RecordingLogger } from '../../../src/testing/recording-logger.ts';
import { SeededRandom } from '../../../src/testing/seeded-random.ts';
import { SimulatedClock } from '../../../src/testing/simulated-clock.ts';
import { LocalHub } from '../../../src/transport/local/hub.ts';
import type { ClusterClient } from '../../client/cluster-client.ts';
import { createEnvironment } from '../../messaging/environment.ts';
import { SampledFlameGraphs } from './sampled-flame-graphs.ts';

const JOB = 'j' as JobId;
const VERTEX = 'v' as VertexId;

/** A job with two subtasks that run on two TaskManagers and one that has finished; what is asked of them is kept. */
function scene(settings: Record<string, string> = {}) {
  const clock = new SimulatedClock();
  const asked: { readonly taskManager: string; readonly request: CallTreeRequest }[] = [];
  const environment = createEnvironment({
    clusterId: 'c' as ClusterId,
    transport: new LocalHub({ clock }).connect(),
    clock,
    random: new SeededRandom(1),
    logger: new RecordingLogger(),
  });
  const subtask = (subtaskIndex: number, taskManagerId: string, slot: number, state = 'RUNNING') => ({
    subtaskIndex,
    taskManagerId,
    slot,
    state,
  });
  const subtasks = [subtask(0, 'a', 3), subtask(1, 'b', 0), subtask(2, 'b', 1, 'FINISHED')];
  const graphs = new SampledFlameGraphs(environment, {
    configuration: Configuration.of(
      Object.entries({
        'rest.flamegraph.enabled': 'true',
        'rest.flamegraph.refresh-interval': '10 s',
        ...settings,
      }),
    ),
    client: {
      details: () => Promise.resolve({ vertices: [{ vertexId: VERTEX, subtasks }] }),
    } as unknown as ClusterClient,
    taskManager: (id: TaskManagerId) =>
      ({
        callTrees: (request: CallTreeRequest) => {
          asked.push({ taskManager: id, request });
          return Promise.resolve([{ name: 'slot', tree: [{ name: '(root)', value: 5, parent: -1 }] }]);
        },
      }) as unknown as NodeView,
  });
  const settle = async (ms: number): Promise<void> => {
    const end = clock.monotonic() + ms;
    clock.setTimeout(() => {}, ms);
    await clock.runUntil(() => clock.monotonic() >= end, 1_000);
  };
  return { graphs, asked, settle };
}

it('when a graph is asked for, then the threads of the slots that run are sampled, once in a while', async () => {
  const { graphs, asked, settle } = scene();
  expect(await graphs.of(JOB, VERTEX, 'FULL', undefined)).toBe('WAITING');
  await settle(10);
  expect(asked.map(({ taskManager, request }) => [taskManager, request.threads])).toEqual([
    ['a', ['slot-3']],
    ['b', ['slot-0']],
  ]);
  expect(await graphs.of(JOB, VERTEX, 'FULL', undefined)).toMatchObject({ tree: [{ value: 10 }] });
  await settle(10);
  expect(asked).toHaveLength(2);
  await settle(10_000);
  await graphs.of(JOB, VERTEX, 'FULL', undefined);
  await settle(10);
  expect(asked).toHaveLength(4);
});

it('when one subtask is asked for, then its thread alone is sampled; of one that does not run there is no graph', async () => {
  const { graphs, asked, settle } = scene();
  await graphs.of(JOB, VERTEX, 'ON_CPU', 1);
  expect(await graphs.of(JOB, VERTEX, 'ON_CPU', 2)).toBe('WAITING');
  await settle(10);
  await graphs.of(JOB, VERTEX, 'ON_CPU', 2);
  await settle(10);
  expect(asked.map(({ taskManager, request }) => [taskManager, request.threads])).toEqual([
    ['b', ['slot-0']],
  ]);
  expect(await graphs.of(JOB, VERTEX, 'ON_CPU', 2)).toBe('ENDED');
});

it('when samples are to take longer than a minute, then they take a minute; when graphs are off, then nothing is sampled', async () => {
  const long = scene({ 'rest.flamegraph.num-samples': '100000' });
  await long.graphs.of(JOB, VERTEX, 'FULL', 0);
  await long.settle(10);
  expect(long.asked[0]?.request.durationMs).toBe(60_000);
  const off = scene({ 'rest.flamegraph.enabled': 'false' });
  expect(await off.graphs.of(JOB, VERTEX, 'FULL', undefined)).toBe('DISABLED');
  await off.settle(10);
  expect(off.asked).toEqual([]);
});
