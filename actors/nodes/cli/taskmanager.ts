import type { Command } from 'commander';
import { OPTIONS } from '../../../src/config/options.ts';
import { startNatsTaskManager } from '../nats-nodes.ts';
import { runNode } from './node.ts';
import type { NodeOptions } from './node.ts';
import { hidden, wholeNumber, withAddress, withVerbose } from './options.ts';
import type { Cli } from './options.ts';

interface TaskManagerOptions extends NodeOptions {
  readonly slots?: number;
}

const EXAMPLES = `
Examples:
  millrace taskmanager --nats nats://10.0.0.5:4222 --slots 4
  millrace taskmanager --nats nats://10.0.0.5:4222 -D taskmanager.resource-id=worker-7

Any number may join or leave a running cluster. SIGTERM ends it in order (exit code 0).`;

/** `millrace taskmanager` */
export function addTaskManager(program: Command, cli: Cli): void {
  const command = program
    .command('taskmanager')
    .description('run one TaskManager node: a worker process with its slots')
    .option('--slots <n>', `slots (threads), as ${OPTIONS.slotsPerTaskManager.key}`, wholeNumber(1, 1_024))
    .option('--log-file <file>', 'write the log as JSON lines to this file too')
    .addOption(hidden('--role <name>'))
    .addHelpText('after', EXAMPLES);
  command.option('--json', 'log lines as JSON');
  withVerbose(withAddress(command)).action(async (options: TaskManagerOptions) => {
    const slots = options.slots === undefined ? [] : [`${OPTIONS.slotsPerTaskManager.key}=${options.slots}`];
    cli.exitCode = await runNode(cli, 'taskmanager', options, slots, startNatsTaskManager);
  });
}
