import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { NatsConnection } from '@nats-io/transport-node';
import { connect, headers } from '@nats-io/transport-node';
import { Packr } from 'msgpackr';
import { readFile } from 'node:fs/promises';
import type { ClusterEvent, JobId } from '../../actors/index.ts';
import { Configuration, bundleJob, runEmbedded } from '../../actors/index.ts';
import { ClusterUnderTest, cli, jobPath, until } from './cluster-under-test.ts';

let cluster: ClusterUnderTest;
let bare: NatsConnection;

beforeAll(async () => {
  cluster = await ClusterUnderTest.start({ taskManagers: 2, slots: 2 });
  bare = await connect({ servers: cluster.nats.url });
});

afterAll(async () => {
  await bare?.close();
  await cluster?.stop();
});

const packr = new Packr({ useRecords: false, moreTypes: true });

/** A job of plain JavaScript around a statement. */
function moduleOf(body: string, name = 'test job'): string {
  return `import { defineJob } from 'millrace';\nexport default defineJob(${JSON.stringify(name)}, (env) => {\n${body}\n});`;
}

function sorted(rows: readonly unknown[]): string[] {
  return rows.map((row) => JSON.stringify(row)).toSorted();
}

async function failureOf(jobId: JobId): Promise<string> {
  const job = await cluster.client.watch(jobId);
  expect(job.status).toBe('FAILED');
  const messages: string[] = [];
  for (let at = job.failure; at !== undefined; at = at.cause) messages.push(at.message);
  return messages.join('; ');
}

/** What the dispatcher answers to a submission that it refuses. */
async function refusalOf(source: string, configuration: Record<string, string> = {}): Promise<string> {
  return cluster.submitSource(source, configuration).then(
    () => 'accepted',
    (error: Error) => error.message,
  );
}

describe('a job on processes over NATS', () => {
  it('when it exchanges records across two TaskManagers, then its rows equal those of the embedded run', async () => {
    const configuration = { 'parallelism.default': '4', 'pipeline.global-job-parameters.repeat': '2000' };
    const jobId = await cluster.submit(jobPath('word-count.ts'), configuration);
    const used = new Set<string | undefined>();
    const job = await cluster.client.watch(jobId, ({ vertices }) => {
      for (const { subtasks } of vertices) for (const { taskManagerId } of subtasks) used.add(taskManagerId);
    });
    expect(job).toMatchObject({ status: 'FINISHED', restarts: 0 });
    expect([...used].filter((id) => id !== undefined).toSorted()).toEqual(['tm-1', 'tm-2']);
    const rows = await cluster.client.collect(jobId, 'collect');
    const embedded = await runEmbedded(jobPath('word-count.ts'), {
      configuration: Configuration.of(Object.entries(configuration)),
    });
    expect(embedded.job).toMatchObject({ status: 'FINISHED', restarts: 0 });
    expect(rows).toHaveLength(2_000 * 19);
    expect(sorted(rows)).toEqual(sorted(embedded.collect()));
  });
});

describe('a bare NATS connection', () => {
  it('when it submits in JSON, then it is answered in JSON and sees all transitions on the event subjects', async () => {
    const events: ClusterEvent[] = [];
    const seen = Promise.withResolvers<void>();
    const subscription = bare.subscribe('mr.test.event.job.>', {
      callback: (_error, message) => {
        events.push(message.json<ClusterEvent>());
        if (message.subject.endsWith('.FINISHED')) seen.resolve();
      },
    });
    const header = headers();
    header.set('Content-Type', 'application/json');
    const module = { source: Buffer.from((await bundleJob(jobPath('word-count.ts'))).source).toString() };
    const answer = await bare.request(
      'mr.test.dispatcher',
      JSON.stringify({ type: 'submitJob', module, configuration: { 'parallelism.default': '2' } }),
      { headers: header, timeout: 10_000 },
    );
    expect(answer.headers?.get('Content-Type')).toBe('application/json');
    const submitted = answer.json<{ type: string; jobId: string; name: string }>();
    expect(submitted).toMatchObject({ type: 'jobSubmitted', name: 'word count' });
    await seen.promise;
    subscription.unsubscribe();
    const own = events.filter(
      (event) => event.type === 'jobStatusChanged' && event.jobId === submitted.jobId,
    );
    expect(
      own.map((event) => (event.type === 'jobStatusChanged' ? `${event.from} ${event.to}` : '')),
    ).toEqual(['INITIALIZING CREATED', 'CREATED RUNNING', 'RUNNING FINISHED']);
  });

  it('when it submits in msgpack, then it is answered in msgpack, and may fetch the rows', async () => {
    const ask = async (message: object): Promise<Record<string, unknown>> => {
      const answer = await bare.request('mr.test.dispatcher', packr.pack(message), { timeout: 10_000 });
      return packr.unpack(answer.data) as Record<string, unknown>;
    };
    const source = moduleOf("env.fromCollection([1, 2, 3]).map((n) => n * 2).collect('doubled');");
    const { type, jobId } = await ask({ type: 'submitJob', module: { source } });
    expect(type).toBe('jobSubmitted');
    await cluster.client.watch(jobId as JobId);
    const results = await ask({ type: 'fetchResults', jobId, collectId: 'doubled', from: 0, max: 10 });
    expect(results).toMatchObject({ type: 'results', rows: [2, 4, 6], complete: true });
    const details = await ask({ type: 'requestJobDetails', jobId });
    expect(details).toMatchObject({ type: 'jobDetails', job: { status: 'FINISHED', results: 3 } });
  });

  it('when the same job id is submitted again, then the first answer is repeated and nothing runs twice', async () => {
    const jobId = cluster.client.newJobId();
    const submission = {
      jobId,
      module: { source: moduleOf('env.fromCollection([1]).collect();') },
      configuration: {},
    };
    const first = await cluster.client.submit(submission);
    expect(await cluster.client.submit(submission)).toEqual(first);
    await cluster.client.watch(jobId);
    expect(await cluster.client.collect(jobId, 'collect')).toEqual([1]);
    expect((await cluster.client.list()).filter((job) => job.jobId === jobId)).toHaveLength(1);
  });
});

describe('a submission that is wrong', () => {
  it('when the module exports no job, then it is refused with what is missing', async () => {
    expect(await refusalOf('export const x = 1;')).toMatch(
      /does not export a job: it needs "export default defineJob/,
    );
  });

  it('when building the graph throws, then message, file and line are told', async () => {
    const refused = await cli([
      'run',
      jobPath('throws-while-building.ts'),
      '--nats',
      cluster.nats.url,
      '--cluster',
      'test',
    ]);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(/no readings today.*throws-while-building\.ts:5/s);
    expect(await refusalOf(moduleOf("throw new Error('not on Sundays');"))).toMatch(/not on Sundays/);
  });

  it('when the module does not exist, then its path is told', async () => {
    const refused = await cli(['run', 'no-such-job.ts', '--nats', cluster.nats.url, '--cluster', 'test']);
    expect(refused).toMatchObject({ code: 1 });
    expect(refused.stderr).toMatch(/there is no module no-such-job\.ts \(looked for \/.*no-such-job\.ts\)/);
  });

  it('when the artifact store has no such module, then it is refused', async () => {
    const jobId = cluster.client.newJobId();
    const sha256 = '0'.repeat(64);
    await expect(cluster.client.submit({ jobId, module: { sha256 }, configuration: {} })).rejects.toThrow(
      sha256,
    );
  });

  it('when the parallelism is above the max parallelism, then both are told', async () => {
    const source = moduleOf(
      'env.setMaxParallelism(4); env.fromCollection([1]).map((n) => n).setParallelism(8).print();',
    );
    expect(await refusalOf(source)).toMatch(/8.*4|4.*8/s);
  });

  it('when a configuration key is not known, then the nearest one is told', async () => {
    const source = moduleOf('env.fromCollection([1]).print();');
    expect(await refusalOf(source, { 'restart-strategy.typ': 'none' })).toContain(
      'did you mean "restart-strategy.type"?',
    );
  });
});

describe('a job that fails', () => {
  it('when a user function throws, then operator, subtask, record and cause are told and the other job is unharmed', async () => {
    const other = await cluster.submit(jobPath('slow-sums.ts'), {
      'parallelism.default': '2',
      'pipeline.global-job-parameters.out': `${cluster.folder}/unharmed`,
      'pipeline.global-job-parameters.count': '600',
      'pipeline.global-job-parameters.rate': '300',
    });
    const failing = await cluster.submitSource(
      moduleOf(
        "env.fromCollection([{ n: 1 }, { n: 42 }, { n: 3 }]).map((r) => { if (r.n === 42) throw new TypeError('no such answer'); return r; }).name('answers').setParallelism(1).print();",
      ),
    );
    const message = await failureOf(failing);
    expect(message).toMatch(/operator "answers" \(subtask 1\/1\) failed.*42.*no such answer/s);
    const job = await cluster.client.watch(other);
    expect(job).toMatchObject({ status: 'FINISHED', restarts: 0 });
  });

  it('when it uses up its restarts, then it is FAILED with the root cause', async () => {
    const source = moduleOf("env.fromCollection([1]).map(() => { throw new Error('always'); }).print();");
    const jobId = await cluster.submitSource(source, {
      'restart-strategy.type': 'fixed-delay',
      'restart-strategy.fixed-delay.attempts': '2',
      'restart-strategy.fixed-delay.delay': '20 ms',
    });
    expect(await failureOf(jobId)).toContain('always');
    expect((await cluster.client.details(jobId)).restarts).toBe(2);
  });

  it('when it needs more slots than there are, then it fails after slot.request.timeout with needed and available', async () => {
    const source = moduleOf('env.fromCollection([1]).rebalance().map((n) => n).print();');
    const jobId = await cluster.submitSource(source, {
      'parallelism.default': '7',
      'slot.request.timeout': '700 ms',
    });
    const message = await failureOf(jobId);
    expect(message).toMatch(/7 slots/);
    expect(message).toMatch(/slot\.request\.timeout/);
    expect(message).toMatch(/4/);
    await cluster.untilRegistered(2);
  });
});

describe('names', () => {
  const names = [
    'a.b',
    '>',
    '*',
    'with blanks in it',
    'x'.repeat(10_000),
    'Größe 测试 🌊 \u202e',
    '../../etc',
    '$SYS.REQ.>',
    '__proto__',
  ].map((name): [shown: string, name: string] => [JSON.stringify(name).slice(0, 20), name]);
  it.each(names)(
    'when job and operator are called %s, then the job runs and the events tell the name',
    async (_, name) => {
      const told = Promise.withResolvers<ClusterEvent>();
      const subscription = bare.subscribe('mr.test.event.job.*.FINISHED', {
        callback: (_error, message) => told.resolve(message.json<ClusterEvent>()),
      });
      const body = `env.fromCollection([1, 2]).rebalance().map((n) => n + 1).name(${JSON.stringify(name)}).keyBy((n) => n).reduce((a, b) => a + b).collect(${JSON.stringify(name)});`;
      const jobId = await cluster.submitSource(moduleOf(body, name), { 'parallelism.default': '2' });
      const job = await cluster.client.watch(jobId);
      expect(job).toMatchObject({ status: 'FINISHED', name });
      expect(sorted(await cluster.client.collect(jobId, name))).toEqual(['2', '3']);
      expect(await told.promise).toMatchObject({ type: 'jobStatusChanged', jobId, name });
      subscription.unsubscribe();
    },
  );
});

describe('malformed and foreign messages', () => {
  it('when they come on any served subject, then they are refused and counted, and jobs run on', async () => {
    const frames: string[] = [];
    const sniffer = bare.subscribe('mr.test.data.>', {
      callback: (_error, { subject }) => void frames.push(subject),
    });
    const out = `${cluster.folder}/under-fire`;
    const jobId = await cluster.submit(jobPath('slow-sums.ts'), {
      'parallelism.default': '4',
      'pipeline.global-job-parameters.out': out,
      'pipeline.global-job-parameters.count': '900',
      'pipeline.global-job-parameters.rate': '300',
    });
    const job = await cluster.untilJob(
      jobId,
      'running',
      ({ vertices, status }) =>
        status === 'RUNNING' &&
        vertices.every(({ subtasks }) => subtasks.every(({ state }) => state === 'RUNNING')),
    );
    await until('frames between processes', () => Promise.resolve(frames.length > 0));
    sniffer.unsubscribe();
    const [vertex] = job.vertices;
    // The epoch of the leader is in the subjects of frames: mr.<cluster>.data.<jobId>.<epoch>.
    const epoch = frames[0]?.split('.')[4];
    const subjects = [
      'mr.test.dispatcher',
      'mr.test.resourcemanager',
      `mr.test.job.${jobId}`,
      'mr.test.tm.tm-1',
      'mr.test.tm.tm-1.slot.0',
      `mr.test.job.${jobId}.${epoch}.0.task.${vertex?.vertexId}.0`,
    ];
    const before = (await cluster.logged('message refused')).length;
    for (const subject of subjects) {
      for (const [payload, type] of foreignMessages()) {
        const header = headers();
        if (type !== undefined) header.set('Content-Type', type);
        const answer = await bare.request(subject, payload, { headers: header, timeout: 10_000 });
        const reply = (type === undefined ? packr.unpack(answer.data) : answer.json()) as { type: string };
        expect(reply.type, `${subject} ${Buffer.from(payload).subarray(0, 40).toString()}`).toBe('refused');
        bare.publish(subject, payload, { headers: header });
      }
    }
    for (const subject of new Set(frames))
      for (const [payload] of foreignMessages()) bare.publish(subject, payload);
    await bare.flush();
    expect((await cluster.logged('message refused')).length).toBeGreaterThanOrEqual(
      before + 3 * foreignMessages().length,
    );
    const ended = await cluster.client.watch(jobId);
    expect(ended.status).toBe('FINISHED');
    const next = await cluster.submitSource(moduleOf('env.fromCollection([7]).collect();'));
    expect((await cluster.client.watch(next)).status).toBe('FINISHED');
    expect(await readFile(`${out}/part-0-0.csv`, 'utf8')).toMatch(/^sensor,second,value\n/);
  });
});

/** Payloads that are of no protocol, with the content type they claim. */
function foreignMessages(): [payload: Uint8Array, contentType: string | undefined][] {
  const json = (text: string): [Uint8Array, string] => [Buffer.from(text), 'application/json'];
  const random = Uint8Array.from({ length: 256 }, (_, i) => (i * 197 + 101) % 256);
  return [
    [random, undefined],
    [new Uint8Array(), undefined],
    [Buffer.from('GET / HTTP/1.1\r\n\r\n'), undefined],
    [packr.pack(null), undefined],
    [packr.pack([1, 2, 3]), undefined],
    [packr.pack({ type: 'noSuchType' }), undefined],
    [packr.pack({ type: 'submitJob', module: 7 }), undefined],
    [packr.pack({ type: 'x', blob: 'y'.repeat(900_000) }), undefined],
    [Uint8Array.of(0xdd, 0xff, 0xff, 0xff, 0xff), undefined],
    json('{"type":'),
    json('{"type":"listJobs","__proto__":{"polluted":true}}'),
    json('{"__proto__":{"type":"listJobs"}}'),
    json('"text"'),
    json(`${'['.repeat(50_000)}${']'.repeat(50_000)}`),
  ];
}
