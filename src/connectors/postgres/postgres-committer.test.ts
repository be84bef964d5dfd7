import type { Sql } from 'postgres';
import { describe, expect, it } from 'vitest';
import { SinkJob } from '../../dataplane/test-support/sink-job.ts';
import type { SinkOperator } from '../../dataplane/operators/sink.ts';
import type { Sink } from '../../functions/sink.ts';
import { PostgresCommitter } from './postgres-committer.ts';
import type { StagedRows } from './postgres-committer.ts';
import { StagingRowsWriter } from './staging-rows-writer.ts';

/** A database that notes commits, and whose connection is lost before its answer to the first one has come. */
class Database {
  readonly noted: string[] = [];
  statements = 0;
  #answersLost = 1;

  async begin(act: (sql: unknown) => Promise<void>): Promise<void> {
    await act({
      unsafe: (text: string, parameters: readonly string[]) => {
        if (text.startsWith('SELECT checkpoint < ')) return [{ fenced: false }];
        if (!text.startsWith('INSERT INTO "commits"')) return this.#write();
        const note = `${parameters[0]} ${parameters[1]}`;
        if (this.noted.includes(note)) return [];
        this.noted.push(note);
        return [{ checkpoint: parameters[1] }];
      },
      typed: (value: unknown) => value,
    });
    if (this.#answersLost > 0) {
      this.#answersLost -= 1;
      throw Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' });
    }
  }

  end(): Promise<void> {
    return Promise.resolve();
  }

  #write(): { execute(): Promise<void> } {
    this.statements += 1;
    return { execute: () => Promise.resolve() };
  }
}

describe('PostgresCommitter', () => {
  it('when the answer to a commit is lost, then the next try finds it noted, writes nothing, and its committables count as committed already', async () => {
    const database = new Database();
    const sink: Sink<number, StagedRows> = {
      createWriter: () =>
        new StagingRowsWriter<number>(
          { kind: 'each', text: 'INSERT INTO t VALUES ($1)' },
          (n) => [n],
          () => Promise.resolve(),
        ),
      createCommitter: () =>
        new PostgresCommitter({
          connection: { sql: database as unknown as Sql, bytesSent: () => 100 * database.statements },
          commitTable: 'commits',
          fence: 7n,
        }),
    };
    const job = new SinkJob(() => sink as Sink<never>);
    await job.start(1);
    job.write(3);
    const [subtask] = job.subtasks;
    const operator = subtask?.chain.members[0]?.operator as SinkOperator;
    let committed = false;
    const committing = job.checkpoint().then(() => (committed = true));
    while (!committed) {
      await subtask?.clock.runFor(60_000);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await committing;
    expect(database.noted).toHaveLength(1);
    expect(database.statements).toBe(3);
    expect(operator.bytesSent).toBe(300);
    expect(operator.committables).toMatchObject({ total: 1, retried: 1, alreadyCommitted: 1, successful: 0 });
  });
});
