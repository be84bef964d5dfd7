import { gzipSync } from 'node:zlib';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { zipSync } from 'fflate';
import { createTar } from 'nanotar';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JobId } from '../../actors/index.ts';
import { ClusterUnderTest, cli, jobPath, until } from './cluster-under-test.ts';
import { RestClient } from './rest-client.ts';
import type { Json } from './rest-client.ts';

const IO_METRICS = [
  'read-bytes',
  'read-bytes-complete',
  'write-bytes',
  'write-bytes-complete',
  'read-records',
  'read-records-complete',
  'write-records',
  'write-records-complete',
  'accumulated-backpressured-time',
  'accumulated-idle-time',
  'accumulated-busy-time',
];

const keys = (value: object): string[] => Object.keys(value).toSorted();

let cluster: ClusterUnderTest;
let rest: RestClient;

beforeAll(async () => {
  cluster = await ClusterUnderTest.start({ taskManagers: 2, slots: 2 });
  await until('the REST API listens', async () => (await cluster.client.overview()).rest !== undefined);
  rest = new RestClient((await cluster.client.overview()).rest ?? '');
});

afterAll(async () => {
  await cluster?.stop();
});

/** A job that goes on until it is ended, with all of its tasks at work. */
async function endless(): Promise<JobId> {
  const jobId = await cluster.submit(jobPath('endless.ts'), {
    'parallelism.default': '2',
    's3.secret-key': 'canary-in-a-job',
    'pipeline.global-job-parameters.greeting': 'hello',
    'pipeline.global-job-parameters.api-token': 'canary-in-a-parameter',
  });
  await until('all tasks run and have counted', async () => {
    const { tasksRunning, tasksTotal, vertices } = await cluster.client.details(jobId);
    const counted = vertices.every(({ subtasks }) =>
      subtasks.every(({ counters }) => (counters?.numRecordsIn ?? 0) > 0),
    );
    return tasksRunning === tasksTotal && counted;
  });
  return jobId;
}

describe('a job of thousands of subtasks', () => {
  it('when it is asked for, then all of it is told, though it is more than one message of the cluster may have', async () => {
    const jobId = await cluster.submit(jobPath('endless.ts'), { 'parallelism.default': '3000' });
    const { status, body } = await rest.get(`/jobs/${jobId}`);
    expect(status).toBe(200);
    const tasks = body.vertices.map((vertex: Json) => vertex.tasks.SCHEDULED);
    expect(tasks).toEqual(body.vertices.map(() => 3000));
    const vertex = await rest.get(`/jobs/${jobId}/vertices/${body.vertices[0].id}`);
    expect(vertex.body.subtasks).toHaveLength(3000);
    await cluster.client.cancel(jobId);
  });
});

describe('what a dashboard asks for', () => {
  let jobId: JobId;
  let vertexId: string;

  beforeAll(async () => {
    jobId = await endless();
    const { body } = await rest.get(`/jobs/${jobId}`);
    vertexId = body.vertices[1].id;
  });

  afterAll(async () => {
    await cluster.client.cancel(jobId);
  });

  it('when it starts, then config and overview have the fields of Flink', async () => {
    const config = await rest.get('/config');
    expect(config).toMatchObject({ status: 200, type: 'application/json; charset=UTF-8' });
    expect(keys(config.body)).toEqual([
      'features',
      'flink-revision',
      'flink-version',
      'refresh-interval',
      'timezone-name',
      'timezone-offset',
    ]);
    const { body } = await rest.get('/v1/overview');
    expect(body).toMatchObject({
      taskmanagers: 2,
      'slots-total': 4,
      'slots-available': 2,
      'jobs-running': 1,
    });
  });

  it('when jobs are listed, then each has its times and the states of its tasks', async () => {
    const { body } = await rest.get('/jobs/overview');
    const job = body.jobs.find(({ jid }: { jid: string }) => jid === jobId);
    expect(job).toMatchObject({ name: 'endless', state: 'RUNNING', 'end-time': -1 });
    expect(keys(job.tasks)).toEqual(
      ['total', 'created', 'scheduled', 'deploying', 'initializing', 'running', 'finished']
        .concat(['canceling', 'canceled', 'failed', 'reconciling'])
        .toSorted(),
    );
    expect(job.tasks.running).toBe(job.tasks.total);
    expect((await rest.get('/jobs')).body.jobs).toContainEqual({ id: jobId, status: 'RUNNING' });
  });

  it('when a job is opened, then vertices, plan and counts fit each other', async () => {
    const { body } = await rest.get(`/jobs/${jobId}`);
    expect(keys(body)).toEqual(
      [
        'jid',
        'name',
        'isStoppable',
        'state',
        'job-type',
        'start-time',
        'end-time',
        'duration',
        'maxParallelism',
        'now',
        'timestamps',
        'vertices',
        'status-counts',
        'plan',
        'pending-operators',
      ].toSorted(),
    );
    expect(body.timestamps.RUNNING).toBeGreaterThanOrEqual(body.timestamps.INITIALIZING);
    expect(body.timestamps.FAILED).toBe(0);
    expect(body['status-counts'].RUNNING).toBe(body.vertices.length);
    const ids = body.vertices.map(({ id }: { id: string }) => id);
    expect(body.plan.nodes.map(({ id }: { id: string }) => id)).toEqual(ids);
    for (const node of body.plan.nodes)
      for (const input of node.inputs ?? []) expect(ids).toContain(input.id);
    const [source, ...others] = body.vertices;
    expect(keys(source.metrics)).toEqual(IO_METRICS.toSorted());
    expect(source.metrics['read-records']).toBe(0);
    expect(others[0].metrics['read-records']).toBeGreaterThan(0);
    expect(source.tasks.RUNNING).toBe(source.parallelism);
    expect((await rest.get(`/jobs/${jobId}/plan`)).body.plan).toEqual(body.plan);
  });

  it('when a vertex is opened, then its tabs have its subtasks', async () => {
    const path = `/jobs/${jobId}/vertices/${vertexId}`;
    const { body } = await rest.get(path);
    expect(body.subtasks).toHaveLength(2);
    expect(keys(body.subtasks[0])).toEqual(
      [
        'subtask',
        'status',
        'attempt',
        'endpoint',
        'host',
        'start-time',
        'start_time',
        'end-time',
        'duration',
        'metrics',
        'taskmanager-id',
        'status-duration',
      ].toSorted(),
    );
    expect(keys(body.aggregated.metrics['read-records'])).toEqual(
      ['min', 'max', 'avg', 'sum', 'median', 'p25', 'p75', 'p95'].toSorted(),
    );
    const byTaskManager = (await rest.get(`${path}/taskmanagers`)).body.taskmanagers;
    const subtasks = byTaskManager.reduce((n: number, tm: Json) => n + tm['status-counts'].RUNNING, 0);
    expect(subtasks).toBe(2);
    expect((await rest.get(`${path}/subtasktimes`)).body.subtasks[1].timestamps.RUNNING).toBeGreaterThan(0);
    const watermarks = (await rest.get(`${path}/watermarks`)).body;
    expect(watermarks.map(({ id }: { id: string }) => id)).toEqual([
      '0.currentInputWatermark',
      '1.currentInputWatermark',
    ]);
    expect((await rest.get(`${path}/accumulators`)).body).toEqual({ id: vertexId, 'user-accumulators': [] });
    expect((await rest.get(`${path}/subtasks/accumulators`)).body.subtasks).toHaveLength(2);
    expect((await rest.get(`${path}/subtasks/1`)).body).toMatchObject({ subtask: 1, attempt: 0 });
    expect((await rest.get(`${path}/subtasks/1/attempts/0`)).body).toMatchObject({ status: 'RUNNING' });
    expect((await rest.get(`${path}/backpressure`)).body).toMatchObject({
      status: expect.stringMatching(/ok|deprecated/),
    });
  });

  it('when the pages of a history server are opened, then they show what the cluster has', async () => {
    const config = await rest.get(`/jobs/${jobId}/jobmanager/config`);
    expect(config.body).toEqual((await rest.get('/jobmanager/config')).body);
    const environment = await rest.get(`/jobs/${jobId}/jobmanager/environment`);
    expect(environment.body.jvm.version).toContain(process.version);
    for (const path of [`/jobs/${jobId}/jobmanager/log-url`, `/jobs/${jobId}/taskmanagers/tm-1/log-url`]) {
      const { body } = await rest.get(path);
      expect((await rest.get(body.url)).status).toBe(200);
    }
  });

  it('when the configuration of a job is opened, then its parameters are there, and no secret', async () => {
    const { body, text } = await rest.get(`/jobs/${jobId}/config`);
    expect(body['execution-config']).toMatchObject({
      'job-parallelism': 2,
      'user-config': { greeting: 'hello', 'api-token': '******', 's3.secret-key': '******' },
    });
    expect(text).not.toContain('canary');
  });

  it('when the pages of the processes are opened, then they tell what the processes have', async () => {
    const { body } = await rest.get('/taskmanagers');
    expect(body.taskmanagers.map(({ id }: { id: string }) => id).toSorted()).toEqual(['tm-1', 'tm-2']);
    const one = (await rest.get('/taskmanagers/tm-1')).body;
    expect(one.slotsNumber).toBe(2);
    expect(one.memoryConfiguration.totalProcessMemory).toBeGreaterThan(0);
    expect(one.metrics.heapUsed).toBeGreaterThan(0);
    const allocated = await Promise.all(['tm-1', 'tm-2'].map((id) => rest.get(`/taskmanagers/${id}`)));
    const slots = allocated.flatMap((answer) => answer.body.allocatedSlots);
    expect(slots.map((slot: { jobId: string }) => slot.jobId)).toEqual([jobId, jobId]);
    for (const node of ['/jobmanager', '/taskmanagers/tm-1'])
      expect((await rest.get(`${node}/thread-dump`)).body.threadInfos[0].threadName).toBe('main');
    expect((await rest.get('/jobmanager/environment')).body.jvm.version).toContain('Node.js');
  });

  it('when a log is opened, then it is the text of the file; other names are not found', async () => {
    const { body } = await rest.get('/jobmanager/logs');
    expect(body.logs.map(({ name }: { name: string }) => name)).toEqual(['jobmanager.log']);
    const log = await rest.get('/jobmanager/logs/jobmanager.log');
    expect(log).toMatchObject({ status: 200, type: 'text/plain; charset=UTF-8' });
    expect(log.text).toContain('JobManager leads');
    expect((await rest.get('/jobmanager/log')).text).toContain('JobManager leads');
    for (const name of [
      '..%2f..%2fetc%2fpasswd',
      '%2e%2e%2fjobmanager.log',
      '%252e%252e',
      'a%00b',
      'other.log',
    ])
      expect((await rest.get(`/jobmanager/logs/${name}`)).status).toBe(404);
    expect((await rest.get('/jobmanager/stdout')).status).toBe(404);
  });
});

describe('what a command line asks for', () => {
  it('when a job is canceled, in either way, then it is CANCELED', async () => {
    for (const [method, path] of [
      ['PATCH', '?mode=cancel'],
      ['PATCH', ''],
      ['GET', '/yarn-cancel'],
      ['POST', '/cancel'],
    ] as const) {
      const jobId = await endless();
      const body = path === '' ? { target_state: 'CANCELED' } : undefined;
      const of = path === '/cancel' ? 'applications' : 'jobs';
      expect(await rest.ask(method, `/v1/${of}/${jobId}${path}`, body)).toMatchObject({
        status: 202,
        body: {},
      });
      await cluster.untilEnded(jobId);
      expect((await rest.get(`/jobs/${jobId}/status`)).body).toEqual({ status: 'CANCELED' });
      expect((await rest.get(`/jobs/${jobId}/execution-result`)).body).toMatchObject({
        status: { id: 'COMPLETED' },
        'job-execution-result': { id: jobId, 'application-status': 'CANCELED' },
      });
    }
  });

  it('when a savepoint, a checkpoint and a stop are asked for, then each is polled to its end', async () => {
    const jobId = await endless();
    const place = join(cluster.folder, 'savepoints');
    const triggerId = 'abcdef0123456789abcdef0123456789';
    const order = { 'target-directory': place, 'cancel-job': false, triggerId };
    for (const _ of [1, 2])
      expect(await rest.ask('POST', `/v1/jobs/${jobId}/savepoints`, order)).toMatchObject({
        status: 202,
        body: { 'request-id': triggerId },
      });
    const { location } = await rest.operation(`/v1/jobs/${jobId}/savepoints/${triggerId}`);
    expect(location).toContain(place);
    const checkpoint = await rest.ask('POST', `/jobs/${jobId}/checkpoints`, { checkpointType: 'CONFIGURED' });
    const outcome = await rest.operation(`/jobs/${jobId}/checkpoints/${checkpoint.body['request-id']}`);
    expect(outcome).toHaveProperty('checkpointId');
    const stop = await rest.ask('POST', `/jobs/${jobId}/stop`, { targetDirectory: place, drain: false });
    await rest.operation(`/jobs/${jobId}/savepoints/${stop.body['request-id']}`);
    expect(await cluster.untilEnded(jobId)).toMatchObject({ status: 'FINISHED' });
    const disposal = await rest.ask('POST', '/savepoint-disposal', { 'savepoint-path': location });
    expect(await rest.operation(`/savepoint-disposal/${disposal.body['request-id']}`)).toEqual({});
  });

  it('when the checkpoints of a job are opened, then list, sums and details fit each other', async () => {
    const jobId = await cluster.submit(jobPath('running-counts.ts'), {
      'parallelism.default': '2',
      'execution.checkpointing.interval': '100 ms',
      'pipeline.global-job-parameters.count': '100000',
      'pipeline.global-job-parameters.rate': '500',
    });
    await until('two are complete', async () => {
      const { body } = await rest.get(`/jobs/${jobId}/checkpoints`);
      return body.counts?.completed >= 2;
    });
    const { body } = await rest.get(`/jobs/${jobId}/checkpoints`);
    expect(keys(body)).toEqual(['counts', 'history', 'latest', 'summary']);
    expect(keys(body.summary.state_size)).toEqual(['avg', 'max', 'min', 'p50', 'p90', 'p95', 'p99', 'p999']);
    const { completed, savepoint, failed, restored } = body.latest;
    expect([savepoint, failed, restored]).toEqual([null, null, null]);
    expect(completed).toMatchObject({ className: 'completed', checkpoint_type: 'CHECKPOINT', tasks: {} });
    expect(completed.num_acknowledged_subtasks).toBe(completed.num_subtasks);
    expect(completed.external_path).toMatch(/chk-\d+$/);
    const details = await rest.get(`/jobs/${jobId}/checkpoints/details/${completed.id}`);
    const tasks = Object.entries(details.body.tasks) as [string, Json][];
    const sizes = tasks.map(([, task]) => task.state_size as number);
    expect(sizes.reduce((a, b) => a + b, 0)).toBe(completed.state_size);
    const [vertexId, task] = tasks.at(-1) ?? [];
    const parts = await rest.get(`/jobs/${jobId}/checkpoints/details/${completed.id}/subtasks/${vertexId}`);
    expect(parts.body).toMatchObject(task);
    expect(keys(parts.body.summary)).toEqual([
      'alignment',
      'checkpoint_duration',
      'checkpointed_size',
      'end_to_end_duration',
      'start_delay',
      'state_size',
    ]);
    for (const part of parts.body.subtasks)
      expect(part).toMatchObject({
        className: 'completed',
        checkpoint: { sync: expect.any(Number) },
        aborted: false,
      });
    expect((await rest.get(`/jobs/${jobId}/checkpoints/config`)).body).toMatchObject({
      mode: 'exactly_once',
      interval: 100,
      state_backend: 'hashmap',
    });
    expect((await rest.get(`/jobs/${jobId}/checkpoints/details/999999`)).status).toBe(404);
    const address = ['--nats', cluster.nats.url, '--cluster', 'test'];
    const { stdout } = await cli(['checkpoints', jobId, ...address]);
    expect(stdout).toMatch(/Checkpoints every 100 ms: \d+ complete, 0 failed/);
    expect(stdout).toMatch(/checkpoint +COMPLETED .*chk-\d+\n/);
    await cluster.client.cancel(jobId);
    await cluster.untilEnded(jobId);
  });

  it('when an order cannot be carried out, then the operation says why', async () => {
    const disposal = await rest.ask('POST', '/savepoint-disposal', { 'savepoint-path': '/nowhere/at/all' });
    const operation = await rest.operation(`/savepoint-disposal/${disposal.body['request-id']}`);
    expect(operation['failure-cause']['stack-trace']).toContain('/nowhere/at/all');
  });

  it('when a job fails, then its exceptions name the task, and the stack is that of the job', async () => {
    const jobId = await cluster.submit(jobPath('throws.ts'), { 'restart-strategy.type': 'none' });
    await cluster.untilEnded(jobId);
    const { body } = await rest.get(`/jobs/${jobId}/exceptions?maxExceptions=10`);
    expect(body['root-exception']).toContain('cannot parse');
    expect(body.exceptionHistory.entries).toHaveLength(1);
    expect(body.exceptionHistory.entries[0]).toMatchObject({
      exceptionName: 'TypeError',
      taskName: expect.stringMatching(/parse.*\(1\/1\) - execution #0$/),
      concurrentExceptions: expect.any(Array),
    });
    expect((await rest.ask('PATCH', `/jobs/${jobId}`)).status).toBe(409);
    const application = await rest.get(`/applications/${jobId}/exceptions`);
    expect(application.body.exceptionHistory.entries).toEqual([
      expect.objectContaining({ exceptionName: 'TypeError', jobId }),
    ]);
  });
});

it('when user code prints, then the standard output of the process that it runs in has the lines', async () => {
  const jobId = await cluster.submit(jobPath('prints.ts'));
  expect(await cluster.untilEnded(jobId)).toMatchObject({ status: 'FINISHED' });
  const printed = async (nodes: readonly string[]): Promise<string> =>
    (await Promise.all(nodes.map((node) => rest.get(`${node}/stdout`)))).map(({ text }) => text).join('');
  const slots = ['/taskmanagers/tm-1', '/taskmanagers/tm-2'];
  const loaded = /^the module is loaded\n(the module is loaded\n)*the enumerator is made\n/;
  await until('the JobManager has printed', async () => loaded.test(await printed(['/jobmanager'])));
  await until('the task has printed', async () => (await printed(slots)).includes('the task has 2\n'));
  expect(await printed(slots)).not.toContain('the enumerator is made');
  expect(await printed(['/jobmanager'])).not.toContain('the task has');
});

describe('uploaded modules', () => {
  const upload = (name: string, content: Uint8Array | string): Promise<{ status: number; body: Json }> => {
    const form = new FormData();
    form.append('jarfile', new Blob([Buffer.from(content)]), name);
    return rest.ask('POST', '/jars/upload', form);
  };
  const idOf = (filename: string): string => filename.split('/').at(-1) ?? '';

  it.each(['job.ts', 'job.jar', 'job.tgz', 'job.zip'])(
    'when %s is uploaded, then it is listed, planned, run and removed',
    async (name) => {
      const module = await readFile(jobPath('word-count.ts'));
      const files = { 'package.json': '{"main":"src/words.ts"}', 'src/words.ts': module };
      const text = new TextEncoder();
      const content =
        name === 'job.ts'
          ? module
          : name === 'job.tgz'
            ? gzipSync(
                createTar(Object.entries(files).map(([path, data]) => ({ name: `package/${path}`, data }))),
              )
            : zipSync({ 'package.json': text.encode(files['package.json']), 'src/words.ts': module });
      const uploaded = await upload(name, content);
      expect(uploaded).toMatchObject({ status: 200, body: { status: 'success' } });
      const id = idOf(uploaded.body.filename);
      expect((await rest.get('/jars')).body.files[0]).toMatchObject({ id, name });
      const plan = (await rest.get(`/jars/${id}/plan?parallelism=2`)).body.plan;
      expect(plan.nodes.length).toBeGreaterThan(1);
      const run = await rest.ask('POST', `/jars/${id}/run`, {
        parallelism: '2',
        programArgs: '--unused "a b"',
      });
      expect(run.status).toBe(200);
      expect(await cluster.untilEnded(run.body.jobid)).toMatchObject({ status: 'FINISHED' });
      expect((await rest.ask('DELETE', `/jars/${id}`)).body).toEqual({});
      expect((await rest.ask('POST', `/jars/${id}/run`)).status).toBe(400);
    },
  );

  it.each([
    ['a name that leads out', 'evil.zip', zipSync({ '../../evil.ts': new Uint8Array([1]) }), 'leads out'],
    ['an absolute name', 'evil.zip', zipSync({ '/tmp/evil.ts': new Uint8Array([1]) }), 'leads out'],
    ['a bomb', 'bomb.tgz', gzipSync(Buffer.alloc(220 * 1024 * 1024)), 'more than 200 MB'],
    ['no module', 'empty.zip', zipSync({ 'readme.txt': new Uint8Array([1]) }), 'no module'],
    ['damage', 'broken.zip', Buffer.from('PK\u0003\u0004 broken'), 'damaged'],
    ['nothing', 'nothing.jar', '', 'empty'],
    ['another kind of file', 'job.exe', 'MZ', 'Only .jar'],
    ['binary data', 'job.ts', Buffer.from([1, 0, 2]), 'no module, zip or tar.gz'],
  ])(
    'when an upload has %s, then it is refused and nothing is kept',
    async (_what, name, content, message) => {
      const { status, body } = await upload(name, content);
      expect([400, 413]).toContain(status);
      expect(body.errors).toEqual([expect.stringContaining(message)]);
      expect((await rest.get('/jars')).body.files).toEqual([]);
    },
  );

  it('when a module is run as an application, then it is answered before it is a job, and is one later', async () => {
    const id = idOf((await upload('words.ts', await readFile(jobPath('word-count.ts')))).body.filename);
    const applicationId = 'ab'.repeat(16);
    const run = await rest.ask('POST', `/jars/${id}/run-application`, { applicationId });
    expect(run.body).toEqual({ applicationid: applicationId });
    const path = `/applications/${applicationId}`;
    expect((await rest.get(path)).body).toMatchObject({ id: applicationId });
    await until('it is FINISHED', async () => (await rest.get(path)).body.status === 'FINISHED');
    const { body } = await rest.get(path);
    expect(body.jobs).toEqual([
      expect.objectContaining({ jid: applicationId, 'application-id': applicationId }),
    ]);
    expect(body.timestamps.RUNNING).toBeGreaterThanOrEqual(body.timestamps.CREATED);
    const { applications } = (await rest.get('/applications/overview')).body;
    expect(applications.filter((one: Json) => one.id === applicationId)).toEqual([
      expect.objectContaining({
        status: 'FINISHED',
        jobs: expect.objectContaining({ FINISHED: 1, RUNNING: 0 }),
      }),
    ]);
    const config = (await rest.get(`${path}/jobmanager/config`)).body;
    expect(config).toEqual((await rest.get('/jobmanager/config')).body);
    expect((await rest.ask('POST', `${path}/cancel`)).status).toBe(409);
    await rest.ask('DELETE', `/jars/${id}`);
  });

  it('when the module of an application is no good, then the application has FAILED, and its exceptions say why', async () => {
    const id = idOf((await upload('bad.ts', 'throw new Error("no good");')).body.filename);
    const run = await rest.ask('POST', `/jars/${id}/run-application`);
    const path = `/applications/${run.body.applicationid}`;
    await until('it has FAILED', async () => (await rest.get(path)).body.status === 'FAILED');
    const { entries } = (await rest.get(`${path}/exceptions`)).body.exceptionHistory;
    expect(entries).toEqual([expect.objectContaining({ stacktrace: expect.stringContaining('no good') })]);
    expect((await rest.ask('POST', `${path}/cancel`)).status).toBe(409);
    await rest.ask('DELETE', `/jars/${id}`);
  });

  it('when a name tries to be a path, then only its last part is kept, cleaned', async () => {
    const { body } = await upload('../../..\\x/ev il\u0000.ts', 'export default 1;');
    const id = idOf(body.filename);
    expect(id).toMatch(/^[0-9a-f-]{36}_ev_il_?\.ts$/);
    expect((await rest.get(`/jars/${id}/plan`)).status).toBe(400);
    await rest.ask('DELETE', `/jars/${id}`);
  });
});

describe('what is refused', () => {
  it.each([
    ['GET', '/jobs/unknown', 404, 'Job unknown not found'],
    ['GET', '/jobs/a.b', 400, 'Bad request, could not parse parameters: jobid'],
    ['PATCH', '/jobs/unknown', 404, 'Job unknown not found'],
    ['GET', '/applications/unknown', 404, 'Application unknown not found'],
    ['POST', '/applications/unknown/cancel', 404, 'Application unknown not found'],
    ['POST', '/jars/unknown/run-application', 400, 'Jar file unknown does not exist'],
    ['GET', '/taskmanagers/unknown', 404, 'Could not find TaskExecutor'],
    ['GET', '/nowhere', 404, 'Unable to load requested file /nowhere.'],
    ['POST', '/jobs', 400, 'Java job graphs'],
    ['PATCH', '/jobs/unknown/rescaling?parallelism=2', 503, 'Rescaling is temporarily disabled'],
    ['DELETE', '/datasets/none', 404, 'There is no dataset none'],
    ['GET', '/datasets/delete/none', 404, 'no operation with triggerId=none'],
    ['POST', '/jobs/unknown/coordinators/none', 404, 'Job unknown not found'],
    ['GET', '/savepoint-disposal/unknown', 404, 'triggerId=unknown'],
  ])('%s %s is answered %i', async (method, path, status, message) => {
    const answer = await rest.ask(method, path);
    expect(answer.status).toBe(status);
    expect(keys(answer.body)).toEqual(['errors']);
    expect(answer.body.errors[0]).toContain(message);
  });
});
