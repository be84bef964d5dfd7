import { setTimeout as pause } from 'node:timers/promises';
import type { Command } from 'commander';
import { UserError } from '../../../src/base/errors.ts';
import { isId } from '../../../src/base/ids.ts';
import type { TaskManagerId } from '../../../src/base/ids.ts';
import type { LogFile, NodeView } from '../../../src/ports/node-view.ts';
import { formatLine, wantsColour } from '../adapters/log-format.ts';
import { EXIT, UsageError } from './describe-error.ts';
import { Interruption } from './interruption.ts';
import {
  QUESTION_TIMEOUT_MS,
  clientAddressOf,
  withClientAddress,
  withClient,
  withJson,
  withVerbose,
} from './options.ts';
import type { AddressOptions, Cli } from './options.ts';
import { count, instant, table } from './table.ts';

const EXAMPLES = `
Examples:
  millrace logs                     the log of the JobManager
  millrace logs tm-8f72cccc -f      that of a TaskManager, and what comes to it, until Ctrl-C
  millrace logs tm-8f72cccc --list  its log files

A node has a log to show when it was started with --log-file, as "millrace cluster" does.`;

/** Between two looks for what has come to a log. */
const FOLLOW_MS = 500;

interface LogsOptions extends AddressOptions {
  readonly file?: string;
  readonly follow?: true;
  readonly list?: true;
}

/** `millrace logs [taskmanager-id]` */
export function addLogs(program: Command, cli: Cli): void {
  const command = program
    .command('logs [taskmanager-id]')
    .description('show the log of the JobManager, or of a TaskManager')
    .option('--file <name>', 'which of its log files (default: the first)')
    .option('-f, --follow', 'go on with what comes to it')
    .option('--list', 'show which log files there are')
    .addHelpText('after', EXAMPLES);
  withVerbose(withJson(withClientAddress(command))).action(
    async (id: string | undefined, options: LogsOptions) => {
      if (id !== undefined && !isId(id))
        throw new UsageError(`"${id.slice(0, 100)}" is not the id of a TaskManager`);
      await withClient(cli, clientAddressOf(cli, options), QUESTION_TIMEOUT_MS, async (connection) => {
        const view = connection.node(id as TaskManagerId | undefined);
        const files = await view.logs();
        if (options.list === true) list(cli, files);
        else await show(cli, view, nameOf(files, options.file), options.follow === true);
      });
      cli.exitCode = EXIT.ok;
    },
  );
}

function nameOf(files: readonly LogFile[], wanted: string | undefined): string {
  const name = wanted ?? files[0]?.name;
  if (name === undefined) throw new UserError('it writes no log file: start it with --log-file <file>');
  if (files.some((file) => file.name === name)) return name;
  throw new UserError(
    `it has no log file "${name.slice(0, 100)}", but ${files.map((file) => file.name).join(', ') || 'none'}`,
  );
}

function list({ terminal, json }: Cli, files: readonly LogFile[]): void {
  if (json) for (const file of files) terminal.json({ type: 'logFile', ...file });
  else {
    const rows = files.map(({ name, size, mtime }) => [name, count(size), instant(mtime)]);
    const columns = [{ title: 'Name' }, { title: 'Bytes', align: 'right' as const }, { title: 'Changed' }];
    for (const line of table(columns, rows)) terminal.out(line);
  }
}

/** A line as the node itself shows it; what is none of its lines stays as it is. */
function forPeople(line: string, colour: boolean): string {
  try {
    return formatLine(line, colour).trimEnd();
  } catch {
    return line;
  }
}

async function show(
  { terminal, json, environment }: Cli,
  view: NodeView,
  name: string,
  follow: boolean,
): Promise<void> {
  const interruption = new Interruption();
  const decoder = new TextDecoder();
  const colour = wantsColour(process.stdout.isTTY, environment);
  let shown = 0;
  try {
    do {
      const { size } = (await view.logs()).find((file) => file.name === name) ?? { size: 0 };
      // A log that has become shorter was begun anew.
      if (size < shown) shown = 0;
      if (size > shown) {
        const content = (await view.log(name)) ?? new Uint8Array();
        const text = decoder.decode(content.subarray(shown), { stream: follow });
        shown = content.length;
        for (const line of text.replace(/\n$/, '').split('\n'))
          terminal.out(json ? line : forPeople(line, colour));
      }
      if (follow) await pause(FOLLOW_MS, undefined, { signal: interruption.signal }).catch(() => {});
    } while (follow && !interruption.signal.aborted);
  } finally {
    interruption.end();
  }
}
