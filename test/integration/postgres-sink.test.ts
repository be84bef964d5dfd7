import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import postgres from 'postgres';
import type { Sql } from 'postgres';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { connectTo } from '../../src/connectors/postgres/connection.ts';
import { PostgresCommitter, fenceOf } from '../../src/connectors/postgres/postgres-committer.ts';
import type { StagedRows } from '../../src/connectors/postgres/postgres-committer.ts';
import { commitStem } from '../../src/functions/sink.ts';
import type { CommitRequest } from '../../src/functions/sink.ts';
import type { JobId, OperatorId } from '../../src/base/ids.ts';
import { PostgresSink } from '../../src/connectors/postgres/postgres-sink.ts';
import type { PostgresColumnsOptions } from '../../src/connectors/postgres/postgres-sink.ts';
import { writerContext } from '../../src/connectors/test-support/writer-context.ts';
import type { SinkOperator } from '../../src/dataplane/operators/sink.ts';
import { SinkJob } from '../../src/dataplane/test-support/sink-job.ts';
import { DeliveryGuarantee } from '../../src/functions/sink.ts';
import type { Sink } from '../../src/functions/sink.ts';
import { PostgresServer, findPostgres } from './postgres-server.ts';

const found = findPostgres();
const missing = 'missing' in found ? found.missing : '';

/** Rows of a table with more types than numbers. */
interface Order {
  readonly id: number;
  readonly name: string | null;
  readonly paid?: boolean;
  readonly at?: Date;
  readonly big?: bigint;
  readonly raw?: Uint8Array;
  readonly tags?: readonly string[];
  readonly note?: { readonly a: number };
}

const upTo = (end: number): number[] => Array.from({ length: end }, (_, index) => index);

type Act =
  | { readonly kind: 'write'; readonly records: number }
  | { readonly kind: 'snapshot' | 'decide' | 'notify' }
  | { readonly kind: 'kill'; readonly parallelism: number; readonly inCommit: boolean };

const acts: fc.Arbitrary<Act> = fc.oneof(
  fc.record({ kind: fc.constant('write' as const), records: fc.integer({ min: 1, max: 1_500 }) }),
  fc.record({ kind: fc.constantFrom('snapshot', 'decide', 'notify') }),
  fc.record({
    kind: fc.constant('kill' as const),
    parallelism: fc.integer({ min: 1, max: 3 }),
    inCommit: fc.boolean(),
  }),
);

describe.skipIf(missing !== '')(`PostgresSink ${missing}`, () => {
  let server: PostgresServer;
  let sql: Sql;
  let tables = 0;
  let table = '';
  const jobs: SinkJob[] = [];

  beforeAll(async () => {
    server = await PostgresServer.start();
    sql = postgres(server.url, { onnotice: () => {} });
  }, 120_000);

  afterAll(async () => {
    await sql?.end({ timeout: 0 });
    await server?.stop();
  });

  async function newTable(columns = 'n integer NOT NULL'): Promise<void> {
    table = `t${(tables += 1)}`;
    await sql.unsafe(`CREATE TABLE ${table} (${columns})`);
  }

  beforeEach(() => newTable());
  afterEach(async () => {
    for (const job of jobs.splice(0)) await kill(job);
  });

  function sink(more: Partial<PostgresColumnsOptions<number>> = {}): PostgresSink<number> {
    return PostgresSink.forTable<number>({
      connection: { url: server.url },
      table,
      columns: { n: (value) => value },
      commitTable: `commits_${table}`,
      ...more,
    });
  }

  async function stored(): Promise<number[]> {
    const rows = await sql.unsafe<{ n: number }[]>(`SELECT n FROM ${table} ORDER BY n`);
    return rows.map(({ n }) => n);
  }

  function jobOf(make: () => Sink<never>, last = true): SinkJob {
    const job = new SinkJob(make, last);
    jobs.push(job);
    return job;
  }

  async function kill(job: SinkJob): Promise<void> {
    for (const { chain } of job.subtasks) await chain.close(true).catch(() => {});
    job.crash();
  }

  async function checkScript(script: readonly Act[]): Promise<void> {
    await newTable();
    const job = jobOf(() => sink());
    await job.start(2);
    let [taken, decided]: [number[], number[]] = [[], []];
    for (const act of script) {
      switch (act.kind) {
        case 'write':
          job.write(act.records);
          break;
        case 'snapshot':
          taken.push(await job.snapshot());
          break;
        case 'decide':
          decided.push(...taken.splice(0, 1));
          if (decided.length > 0) job.decide(decided.at(-1) as number);
          break;
        case 'notify':
          for (const id of decided.splice(0)) await job.notify(id);
          break;
        case 'kill':
          // The transaction may be anywhere when the connection goes.
          if (act.inCommit) for (const id of decided) void job.notify(id).catch(() => {});
          if (act.inCommit) await new Promise((resolve) => setTimeout(resolve, 3));
          await kill(job);
          [taken, decided] = [[], []];
          await job.start(act.parallelism);
          expect(await stored()).toEqual(upTo(job.decided));
      }
    }
    await job.end();
    expect(await stored()).toEqual(upTo(job.next));
  }

  it('when an attempt has begun, then one before it that lives on commits nothing, under a leader before it, too', async () => {
    const place = { jobId: 'j' as JobId, operatorId: 'o' as OperatorId };
    const newest = { leaderEpoch: 2, attemptNumber: 1 };
    const commitTable = `commits_${table}`;
    const statement = { kind: 'each', text: `INSERT INTO ${table} VALUES ($1)` } as const;
    const stem = commitStem(place.jobId, place.operatorId, 0);
    const committerOf = async (attempt: typeof newest): Promise<PostgresCommitter> => {
      const connection = await connectTo({ url: server.url }, 'test');
      const committer = new PostgresCommitter({ connection, commitTable, fence: fenceOf(attempt) });
      await committer.begin();
      return committer;
    };
    const commit = (committer: PostgresCommitter, checkpointId: number): Promise<void> =>
      committer.commit([
        {
          stem,
          checkpointId,
          committable: { statement, rows: [[checkpointId]] },
          signalAlreadyCommitted: () => {},
        } as unknown as CommitRequest<StagedRows>,
      ]);
    const living = await committerOf(newest);
    await living.takeOver(stem, undefined);
    for (const zombie of [
      { leaderEpoch: 2, attemptNumber: 0 },
      { leaderEpoch: 1, attemptNumber: 9 },
    ]) {
      const committer = await committerOf(zombie);
      await expect(commit(committer, 1)).rejects.toMatchObject({
        name: 'FencedCommitError',
        retryable: false,
      });
      await expect(committer.takeOver(stem, undefined)).rejects.toMatchObject({ name: 'FencedCommitError' });
      await committer.close();
    }
    expect(await stored()).toEqual([]);
    await commit(living, 1);
    expect(await stored()).toEqual([1]);
    await living.close();
  });

  it(
    'when it is killed anywhere and comes back at any parallelism, then every row is there once',
    { timeout: 120_000 },
    async () => {
      await fc.assert(fc.asyncProperty(fc.array(acts, { maxLength: 12 }), checkScript), {
        numRuns: 12,
        endOnFailure: true,
      });
    },
  );

  it('when two attempts commit the same at once, then one of them does', async () => {
    const job = jobOf(() => sink());
    await job.start(1);
    job.write(700);
    const id = await job.snapshot();
    job.decide(id);
    const zombie = job.subtasks[0]?.chain.members[0]?.operator;
    const [attempt] = await Promise.all([job.start(1), zombie?.notifyCheckpointComplete?.(id)]);
    expect(attempt).toBeUndefined();
    expect(await stored()).toEqual(upTo(700));
    const operators = [zombie as SinkOperator, job.subtasks[0]?.chain.members[0]?.operator as SinkOperator];
    const already = operators.map(({ committables }) => committables?.alreadyCommitted ?? 0);
    expect(already.toSorted((a, b) => a - b)).toEqual([0, 1]);
    // 700 rows of one to three digits, and what the protocol adds.
    for (const { bytesSent } of operators) expect(bytesSent).toBeGreaterThan(0);
    expect(Math.max(...operators.map(({ bytesSent }) => bytesSent ?? 0))).toBeGreaterThan(1_990);
    await zombie?.close?.(true);
  });

  it(
    'when the server is killed, then the commit is tried again until it is back',
    { timeout: 60_000 },
    async () => {
      const job = jobOf(() => sink());
      await job.start(1);
      job.write(3);
      const id = await job.snapshot();
      job.decide(id);
      await server.kill();
      let committed = false;
      const committing = job.notify(id).then(() => (committed = true));
      await expect
        .poll(() => job.subtasks[0]?.counters.retriedCommittables, { timeout: 30_000 })
        .toBeGreaterThan(0);
      await server.restart();
      while (!committed) {
        await job.subtasks[0]?.clock.runFor(1_000);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      await committing;
      expect(await stored()).toEqual([0, 1, 2]);
    },
  );

  it('when the connection is encrypted, then rows are written over it, and its bytes are counted', async () => {
    const ca = await server.encrypt();
    const ssl = { ca: readFileSync(ca), servername: 'localhost' };
    const job = jobOf(() => sink({ connection: { url: server.url, ssl } }));
    await job.start(1);
    job.write(100);
    await job.checkpoint();
    expect(await stored()).toEqual(upTo(100));
    const operator = job.subtasks[0]?.chain.members[0]?.operator as SinkOperator;
    expect(operator.bytesSent).toBeGreaterThan(190);
    const [row] = await sql<{ encrypted: boolean }[]>`
      SELECT bool_and(ssl) AS encrypted FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)
      WHERE application_name = 'millrace-committer'`;
    expect(row?.encrypted).toBe(true);
  });

  it('when the job takes no checkpoints and runs again, then the end of the input is committed once', async () => {
    const job = jobOf(() => sink(), false);
    for (let run = 0; run < 2; run += 1) {
      await job.start(2);
      job.write(10);
      await job.end();
      job.crash();
    }
    expect(await stored()).toEqual(upTo(10));
  });

  it('when a row breaks a rule of the table, then the error says which, and nothing of the checkpoint is there', async () => {
    await newTable('n integer CHECK (n < 3)');
    const job = jobOf(() => sink());
    await job.start(1);
    job.write(5);
    const id = await job.snapshot();
    await expect(job.notify(id)).rejects.toMatchObject({
      name: 'UserError',
      message: expect.stringContaining('violates check constraint'),
    });
    expect(await stored()).toEqual([]);
  });

  it('when the job goes on from an older checkpoint than was committed, then it is refused', async () => {
    const job = jobOf(() => sink());
    await job.start(1);
    job.write(1);
    await job.notify(await job.snapshot());
    await kill(job);
    await expect(job.start(1)).rejects.toMatchObject({ name: 'CommitsAheadError' });
  });

  it.each([DeliveryGuarantee.EXACTLY_ONCE, DeliveryGuarantee.AT_LEAST_ONCE, DeliveryGuarantee.NONE])(
    'when rows of all kinds are written %s, then the columns hold them',
    async (deliveryGuarantee) => {
      await newTable(
        'id integer PRIMARY KEY, "the name" text, paid boolean, at timestamptz, big bigint, raw bytea, tags text[], note jsonb',
      );
      const orders: Order[] = [
        {
          id: 1,
          name: 'a "b" \\ $1',
          paid: true,
          at: new Date(1_000),
          big: 2n ** 62n,
          raw: new Uint8Array([0, 255]),
          tags: ['x', 'y,"z"'],
          note: { a: 1 },
        },
        { id: 2, name: null },
        ...Array.from({ length: 2_500 }, (_, n) => ({ id: n + 3, name: `${n}` })),
      ];
      const made = PostgresSink.forTable<Order>({
        connection: { url: server.url },
        table: `public.${table}`,
        commitTable: `public.commits_${table}`,
        deliveryGuarantee,
        columns: {
          id: (o) => o.id,
          'the name': (o) => o.name,
          paid: (o) => o.paid,
          at: (o) => o.at,
          big: (o) => o.big,
          raw: (o) => o.raw,
          tags: (o) => o.tags,
          note: (o) => o.note,
        },
      });
      const job = jobOf(() => made);
      await job.start(1);
      for (const order of orders) {
        job.subtasks[0]?.push(order);
        if (job.subtasks[0]?.flow.blocked === true) {
          await expect.poll(() => job.subtasks[0]?.flow.resume(true)).toBe(true);
        }
      }
      await job.end();
      const [row] = await sql.unsafe(`SELECT *, count(*) OVER ()::int AS count FROM ${table} ORDER BY id`);
      expect(row).toMatchObject({
        'the name': 'a "b" \\ $1',
        paid: true,
        at: new Date(1_000),
        big: String(2n ** 62n),
        tags: ['x', 'y,"z"'],
        note: { a: 1 },
        count: 2_502,
      });
      expect(Buffer.from(row?.['raw'] as Uint8Array)).toEqual(Buffer.from([0, 255]));
    },
  );

  it('when a table is upserted into, then the last value of a key stays', async () => {
    await newTable('k text PRIMARY KEY, n integer');
    const upserting = PostgresSink.forTable<{ k: string; n: number }>({
      connection: { url: server.url },
      table,
      columns: ['k', 'n'],
      onConflict: { columns: ['k'], do: 'update' },
      deliveryGuarantee: DeliveryGuarantee.AT_LEAST_ONCE,
    });
    const writer = await upserting.createWriter(writerContext());
    for (const n of [1, 2, 3]) {
      writer.write({ k: 'a', n }, 0);
      await writer.flush(false);
    }
    await writer.close(false);
    expect(await stored()).toEqual([3]);
  });

  it('when a statement is given, then it runs once per record', async () => {
    await newTable('n integer');
    await sql.unsafe(`INSERT INTO ${table} VALUES (0)`);
    const adding = PostgresSink.forStatement<number>({
      connection: { url: server.url },
      commitTable: `commits_${table}`,
      statement: `UPDATE ${table} SET n = n + $1`,
      parameters: (value) => [value],
    });
    const job = jobOf(() => adding);
    await job.start(1);
    job.write(10);
    await job.end();
    expect(await stored()).toEqual([45]);
  });

  it('when the server is not there, then the error says so and holds no password', async () => {
    const connection = { url: 'postgres://me:hunter2@127.0.0.1:1/x' };
    const refused = sink({ connection }).createCommitter?.(writerContext());
    await expect(refused).rejects.toThrow('cannot make the table of commits');
    await refused?.catch((error: Error) =>
      expect(`${error.message} ${error.stack}`).not.toContain('hunter2'),
    );
  });
});
