import type { Command } from 'commander';
import { EXIT } from './describe-error.ts';
import { QUESTION_TIMEOUT_MS, addressOf, withAddress, withClient, withJson, withVerbose } from './options.ts';
import type { AddressOptions, Cli } from './options.ts';
import { paintStatus } from './status-style.ts';
import { clean, duration, instant, table } from './table.ts';

const EXAMPLES = `
Examples:
  millrace list
  millrace list --nats nats://10.0.0.5:4222 --json`;

/** `millrace list` */
export function addList(program: Command, cli: Cli): void {
  const command = program
    .command('list')
    .description("list the cluster's jobs")
    .addHelpText('after', EXAMPLES);
  withVerbose(withJson(withAddress(command))).action(async (options: AddressOptions) => {
    const jobs = await withClient(cli, addressOf(options), QUESTION_TIMEOUT_MS, ({ client }) =>
      client.list(),
    );
    const newestFirst = jobs.toSorted((a, b) => b.submittedAt - a.submittedAt);
    const { terminal } = cli;
    if (cli.json) for (const job of newestFirst) terminal.json({ type: 'job', ...job });
    else if (jobs.length === 0) terminal.out('No jobs.');
    else {
      const now = Date.now();
      const rows = newestFirst.map((job) => [
        job.jobId,
        clean(job.name, 40),
        `${job.tasksRunning}/${job.tasksTotal}`,
        instant(job.submittedAt),
        duration(Math.max(0, (job.endedAt ?? now) - job.submittedAt)),
        paintStatus(terminal, 'out', job.status),
      ]);
      const titles = ['Job id', 'Name', 'Running', 'Submitted', 'Duration', 'Status'].map((title) => ({
        title,
      }));
      for (const line of table(titles, rows)) terminal.out(line);
    }
    cli.exitCode = EXIT.ok;
  });
}
