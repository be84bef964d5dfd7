import { setTimeout as pause } from 'node:timers/promises';
import { InvalidArgumentError } from 'commander';
import type { Command } from 'commander';
import { toMillis } from '../../../src/base/time.ts';
import { isGloballyTerminal } from '../../../src/protocol/job-status.ts';
import type { ClusterClient } from '../../client/cluster-client.ts';
import { EXIT, describeError, plainError } from './describe-error.ts';
import { Interruption } from './interruption.ts';
import {
  QUESTION_TIMEOUT_MS,
  clientAddressOf,
  wholeNumber,
  withClientAddress,
  withClient,
  withJson,
  withVerbose,
} from './options.ts';
import type { AddressOptions, Cli } from './options.ts';
import { topFrame } from './top-frame.ts';
import type { ClusterLook } from './top-frame.ts';
import { VertexRates } from './vertex-rates.ts';

const EXAMPLES = `
Examples:
  millrace top                          looks each second, until Ctrl-C
  millrace top --interval 5s
  millrace top --count 1 --json         one look for a program

busy, backpr.: share of the time that subtasks worked, or waited for those behind them. lag: wall clock less watermark.`;

/** Two looks are needed for a rate. */
const FIRST_PAUSE_MS = 500;

interface TopOptions extends AddressOptions {
  readonly interval: number;
  readonly count?: number;
}

/** `millrace top` */
export function addTop(program: Command, cli: Cli): void {
  const command = program
    .command('top')
    .description('watch jobs and vertices: rates, busy time, backpressure, lag')
    .option('--interval <duration>', 'pause between two looks', interval, 1_000)
    .option('--count <n>', 'end after so many looks', wholeNumber(1))
    .addHelpText('after', EXAMPLES);
  withVerbose(withJson(withClientAddress(command))).action(async (options: TopOptions) => {
    const interruption = new Interruption();
    try {
      await withClient(cli, clientAddressOf(cli, options), QUESTION_TIMEOUT_MS, ({ client }) =>
        watch(cli, client, options, interruption.signal),
      );
    } finally {
      cli.terminal.endLive();
      interruption.end();
    }
    cli.exitCode = EXIT.ok; // Ctrl-C is how one leaves
  });
}

async function watch(
  cli: Cli,
  client: ClusterClient,
  options: TopOptions,
  signal: AbortSignal,
): Promise<void> {
  const rates = new RatesOfJobs();
  await rates.look(client);
  const live = cli.terminal.isLive && !cli.json;
  const looks = options.count ?? (live || cli.json ? Number.POSITIVE_INFINITY : 1);
  let wait = FIRST_PAUSE_MS;
  for (let n = 0; n < looks; n += 1) {
    await pause(Math.min(wait, options.interval), undefined, { signal }).catch(() => {});
    if (signal.aborted) return;
    try {
      show(cli, await rates.look(client), live && n + 1 < looks);
    } catch (error) {
      if (!live) throw error;
      cli.terminal.live([
        `${cli.terminal.paintErr('red', 'millrace:')} ${describeError(plainError(error))}; asking again`,
      ]);
    }
    wait = options.interval;
  }
}

function show({ terminal, json }: Cli, look: ClusterLook, live: boolean): void {
  if (json) {
    terminal.json({ type: 'clusterLook', ...look });
    return;
  }
  const lines = topFrame(terminal, look);
  if (!live) {
    terminal.endLive();
    for (const line of lines) terminal.out(line);
    return;
  }
  // A block that is higher than the window could not be taken away again.
  const room = terminal.height - 2;
  const cut =
    lines.length > room ? [...lines.slice(0, room - 1), `… ${lines.length - room + 1} lines more`] : lines;
  terminal.live(cut);
}

/** Asks for the jobs that have not ended, and keeps what rates need. */
class RatesOfJobs {
  #rates = new Map<string, VertexRates>();

  async look(client: ClusterClient): Promise<ClusterLook> {
    const [overview, jobs] = await Promise.all([client.overview(), client.list()]);
    const alive = jobs.filter(({ status }) => !isGloballyTerminal(status));
    const details = await Promise.all(alive.map(({ jobId }) => client.details(jobId)));
    const before = this.#rates;
    this.#rates = new Map(alive.map(({ jobId }) => [jobId, before.get(jobId) ?? new VertexRates()]));
    const at = performance.now();
    const running = details.map((job) => ({
      job,
      vertices: this.#rates.get(job.jobId)?.update(job, at) ?? [],
    }));
    const { taskManagers, slotsTotal, slotsAvailable } = overview;
    return { at: Date.now(), taskManagers, slotsTotal, slotsAvailable, jobs, running };
  }
}

function interval(text: string): number {
  try {
    return Math.max(100, toMillis(text));
  } catch {
    throw new InvalidArgumentError('It must be a duration, such as 500ms or 2s.');
  }
}
