import type { Command } from 'commander';
import { startNatsJobManager } from '../nats-nodes.ts';
import { runNode } from './node.ts';
import type { NodeOptions } from './node.ts';
import { hidden, withAddress, withVerbose } from './options.ts';
import type { Cli } from './options.ts';

const EXAMPLES = `
Examples:
  millrace jobmanager --nats nats://10.0.0.5:4222
  millrace jobmanager --nats nats://10.0.0.5:4222 --cluster blue --log-file /var/log/millrace/jobmanager.log

SIGTERM ends it in order (exit code 0); its jobs are taken up again by the next one.`;

/** `millrace jobmanager` */
export function addJobManager(program: Command, cli: Cli): void {
  const command = program
    .command('jobmanager')
    .description('run one JobManager node: dispatcher, resource-manager, job-managers')
    .option('--log-file <file>', 'write the log as JSON lines to this file too')
    .addOption(hidden('--role <name>'))
    .addHelpText('after', EXAMPLES);
  command.option('--json', 'log lines as JSON');
  withVerbose(withAddress(command)).action(async (options: NodeOptions) => {
    cli.exitCode = await runNode(cli, 'jobmanager', options, [], startNatsJobManager);
  });
}
