import type { Command } from 'commander';
import type { CheckpointRecord, CheckpointStatistics } from '../../../src/protocol/checkpoint-statistics.ts';
import { EXIT } from './describe-error.ts';
import { jobIdOf } from './job-id.ts';
import {
  QUESTION_TIMEOUT_MS,
  clientAddressOf,
  withClientAddress,
  withClient,
  withJson,
  withVerbose,
} from './options.ts';
import type { AddressOptions, Cli } from './options.ts';
import { clean, count, duration, instant, table } from './table.ts';

const EXAMPLES = `
Example:
  millrace checkpoints 4f0a5d6c7b8e9f00112233445566778a`;

/** `millrace checkpoints <job-id>` */
export function addCheckpoints(program: Command, cli: Cli): void {
  const command = program
    .command('checkpoints <job-id>')
    .description('show the last checkpoints and savepoints of a job: sizes, durations, failures')
    .addHelpText('after', EXAMPLES);
  withVerbose(withJson(withClientAddress(command))).action(async (id: string, options: AddressOptions) => {
    const jobId = jobIdOf(id);
    const statistics = await withClient(
      cli,
      clientAddressOf(cli, options),
      QUESTION_TIMEOUT_MS,
      ({ client }) => client.checkpointStatistics(jobId),
    );
    if (cli.json) cli.terminal.json({ type: 'checkpointStatistics', jobId, ...statistics });
    else print(cli, statistics);
    cli.exitCode = EXIT.ok;
  });
}

function print({ terminal }: Cli, { counts, history, restored, intervalMs }: CheckpointStatistics): void {
  const { completed, failed, inProgress } = counts;
  const every = intervalMs === undefined ? 'on demand only' : `every ${duration(intervalMs)}`;
  terminal.out(`Checkpoints ${every}: ${completed} complete, ${failed} failed, ${inProgress} under way`);
  if (restored !== undefined) terminal.out(`Restored ${instant(restored.at)} from ${restored.path}`);
  if (history.length === 0) return;
  terminal.out();
  const left = ['Id', 'Kind', 'Status', 'Triggered'].map((title) => ({ title }));
  const right = ['Duration', 'Written', 'State', 'Acknowledged'].map((title) => ({
    title,
    align: 'right' as const,
  }));
  const rows = history.map((record) => [
    String(record.checkpointId),
    record.kind,
    record.status,
    instant(record.triggeredAt),
    duration(record.durationMs),
    `${count(record.checkpointedBytes / 1_024)} kB`,
    `${count(record.stateBytes / 1_024)} kB`,
    `${record.acknowledged}/${record.subtasks}`,
    outcomeOf(record),
  ]);
  for (const line of table([...left, ...right, { title: '' }], rows)) terminal.out(line);
}

function outcomeOf({ path, failure }: CheckpointRecord): string {
  return failure === undefined ? (path ?? '') : clean(failure, 100);
}
