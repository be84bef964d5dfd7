import type { Command } from 'commander';
import type { JobDetails } from '../../../src/protocol/job-status.ts';
import { NATS_OPTIONS } from '../../../src/config/nats-options.ts';
import { OPTIONS } from '../../../src/config/options.ts';
import type { Configuration } from '../../../src/config/configuration.ts';
import { DEFAULT_CLUSTER } from '../nats-environment.ts';
import type { ClientConnection } from '../connect-client.ts';
import { prepareJob } from '../prepare-job.ts';
import { runEmbedded } from '../run-embedded.ts';
import { EXIT, InterruptedError, UsageError, describeError, stacksOf } from './describe-error.ts';
import { Interruption } from './interruption.ts';
import { jobArguments } from '../job-arguments.ts';
import {
  QUESTION_TIMEOUT_MS,
  clientAddressOf,
  clientLogger,
  metricsLogger,
  configurationOf,
  wholeNumber,
  withClass,
  withClient,
  withConfiguration,
  withCredentials,
  withJson,
  withParallelism,
  withRest,
  withVerbose,
} from './options.ts';
import type { Cli, ConfigurationOptions, CredentialOptions, RestOptions } from './options.ts';
import { createReporter } from './run-reporter.ts';
import { absolutePlace } from './saved-snapshot.ts';
import type { RunReporter } from './run-reporter.ts';

interface RunOptions extends ConfigurationOptions, CredentialOptions, RestOptions {
  readonly parallelism?: number;
  readonly detached?: true;
  readonly nats?: string;
  readonly cluster?: string;
  readonly json?: true;
  readonly fromSavepoint?: string;
  readonly allowNonRestoredState?: true;
  readonly claimMode?: string;
  readonly class?: string;
  readonly slots?: number;
  readonly taskmanagers?: number;
}

const EXAMPLES = `
Examples:
  millrace run job.ts                                      in a cluster inside this process, on all cores
  millrace run job.ts -p 4 -D restart-strategy.type=none   with options
  millrace run job.ts -- --events 1000 --fast              env.getParameter('events') is '1000', 'fast' is 'true'
  millrace run jobs.ts -c payments                         the export "payments" of the module
  millrace run job.ts --nats nats://127.0.0.1:4222         on a cluster, and follow it (Ctrl-C cancels it)
  millrace run job.ts --nats nats://127.0.0.1:4222 -d      on a cluster; prints the job id and returns
  millrace run job.ts -m 127.0.0.1:8081                    on a cluster whose REST API alone can be reached
  millrace run job.ts -s /savepoints/savepoint-4f0a5d-…    goes on from a savepoint

Exit codes: 0 finished, 1 failed or refused, 2 wrong usage, 130 interrupted`;

/** `millrace run <module>` */
export function addRun(program: Command, cli: Cli): void {
  const command = program
    .command('run <module> [arguments...]')
    .description('run a job: in this process, or with --nats or -m on a cluster; arguments for it follow --')
    .option(
      '-s, --from-savepoint <path>',
      "go on from a savepoint, a kept checkpoint, or the newest in the folder of a job's checkpoints, or of one job's in a checkpoint directory",
    )
    .option('-n, --allow-non-restored-state', 'leave state of operators behind that the job no longer has')
    .option(
      '--claim-mode <mode>',
      'of the savepoint: no_claim leaves it to you, claim has the job remove it when it is not needed any more (default: no_claim)',
    )
    .option('-d, --detached', 'print the job id and return; needs --nats or -m')
    .option('--nats <url>', 'submit to the cluster on this NATS server')
    .option('--cluster <id>', `which cluster on that server (default: "${DEFAULT_CLUSTER}")`)
    .option(
      '--slots <n>',
      'slots of each embedded TaskManager (default: as many as there are cores)',
      wholeNumber(1, 1_024),
    )
    .option('--taskmanagers <n>', 'embedded TaskManagers (default: 1)', wholeNumber(1, 64))
    .addHelpText('after', EXAMPLES);
  withVerbose(
    withJson(withConfiguration(withCredentials(withRest(withParallelism(withClass(command)))))),
  ).action(async (module: string, words: string[], options: RunOptions) => {
    cli.exitCode = await run(cli, module, jobArguments(words), options);
  });
}

/** `-s`, `-n` and `--claim-mode` as the configuration keys that they stand for. */
function restoreOverrides({ fromSavepoint, allowNonRestoredState, claimMode }: RunOptions): string[] {
  return [
    ...(fromSavepoint === undefined ? [] : [`${OPTIONS.restorePath.key}=${absolutePlace(fromSavepoint)}`]),
    ...(allowNonRestoredState === true ? [`${OPTIONS.ignoreUnclaimedState.key}=true`] : []),
    ...(claimMode === undefined ? [] : [`${OPTIONS.claimMode.key}=${claimMode}`]),
  ];
}

async function run(
  cli: Cli,
  module: string,
  parameters: readonly string[],
  options: RunOptions,
): Promise<number> {
  checkOptions(options);
  const configuration = configurationOf(cli, options, [...parameters, ...restoreOverrides(options)]);
  const interruption = new Interruption();
  const reporter = createReporter(cli.terminal, cli.json);
  try {
    const job = isEmbedded(options)
      ? await embedded(cli, module, options, configuration, interruption, reporter)
      : await onCluster(cli, module, options, configuration, interruption, reporter);
    return job === undefined ? EXIT.ok : conclude(cli, job, interruption, reporter);
  } finally {
    cli.terminal.endLive();
    interruption.end();
  }
}

function isEmbedded({ nats, jobmanager }: RunOptions): boolean {
  return nats === undefined && jobmanager === undefined;
}

function checkOptions(options: RunOptions): void {
  const { nats, jobmanager, detached, cluster, slots, taskmanagers } = options;
  if (nats !== undefined && jobmanager !== undefined)
    throw new UsageError('--nats and -m are two ways to a cluster: give one of them');
  if (nats === undefined && cluster !== undefined) throw new UsageError('--cluster needs --nats <url>');
  if (isEmbedded(options)) {
    if (detached)
      throw new UsageError(
        '-d needs --nats <url> or -m <address>: a cluster inside this process ends with it',
      );
  } else if (slots !== undefined || taskmanagers !== undefined) {
    throw new UsageError(
      '--slots and --taskmanagers describe an embedded cluster: leave them out with --nats and -m',
    );
  }
}

/** Reports the end. @throws InterruptedError when a signal came before it. */
function conclude(cli: Cli, job: JobDetails, interruption: Interruption, reporter: RunReporter): number {
  reporter.ended(job);
  if (interruption.name !== undefined && job.status !== 'FINISHED')
    return new InterruptedError(interruption.name).exitCode;
  if (job.status === 'FINISHED') return EXIT.ok;
  const { terminal } = cli;
  if (job.failure !== undefined && job.status === 'FAILED') {
    terminal.err(`${terminal.paintErr('red', 'millrace:')} ${describeError(job.failure)}`);
    if (cli.verbose) for (const stack of stacksOf(job.failure)) terminal.err(stack);
  }
  return EXIT.failed;
}

async function embedded(
  cli: Cli,
  module: string,
  options: RunOptions,
  configuration: Configuration,
  interruption: Interruption,
  reporter: RunReporter,
): Promise<JobDetails> {
  const { slots, taskmanagers, class: exportName } = options;
  let isSubmitted = false;
  interruption.signal.addEventListener('abort', () => cli.terminal.err('Canceling the job ...'));
  const { job } = await runEmbedded(module, {
    configuration,
    logger: clientLogger(cli),
    metricsLogger: metricsLogger(cli),
    signal: interruption.signal,
    ...(exportName === undefined ? {} : { exportName }),
    ...(slots === undefined ? {} : { slots }),
    ...(taskmanagers === undefined ? {} : { taskManagers: taskmanagers }),
    // What the job prints must not stand among the lines for programs.
    ...(cli.json ? { output: process.stderr } : {}),
    onUpdate: (update) => {
      if (!isSubmitted) reporter.submitted(update.jobId, update.name);
      isSubmitted = true;
      reporter.update(update);
    },
  });
  return job;
}

/** The job as it ended, or undefined with `-d`. */
async function onCluster(
  cli: Cli,
  module: string,
  options: RunOptions,
  configuration: Configuration,
  interruption: Interruption,
  reporter: RunReporter,
): Promise<JobDetails | undefined> {
  const { nats = '', cluster = DEFAULT_CLUSTER } = options;
  const address = clientAddressOf(cli, { ...options, nats, cluster });
  const prepared = await prepareJob(module, configuration, options.class);
  await withClient(cli, address, QUESTION_TIMEOUT_MS, ({ client }) => client.overview());
  const submit = async (connection: ClientConnection): Promise<JobDetails | undefined> => {
    interruption.signal.throwIfAborted();
    const sha256 = await connection.putArtifact(prepared.bundle.source);
    const { client } = connection;
    const jobId = client.newJobId();
    const accepted = await client.submit({
      jobId,
      module: { sha256 },
      configuration: configuration.without(Object.values(NATS_OPTIONS)).toRecord(),
    });
    if (options.detached) {
      if (cli.json) reporter.submitted(jobId, accepted.name);
      else cli.terminal.out(jobId);
      return undefined;
    }
    reporter.submitted(jobId, accepted.name);
    return follow(cli, connection, jobId, interruption, reporter);
  };
  return withClient(cli, address, configuration.get(OPTIONS.clientTimeout), submit, configuration);
}

async function follow(
  cli: Cli,
  { client }: ClientConnection,
  jobId: JobDetails['jobId'],
  interruption: Interruption,
  reporter: RunReporter,
): Promise<JobDetails> {
  const failed = Promise.withResolvers<never>();
  const cancel = (): void => {
    cli.terminal.err(`Canceling job ${jobId} on the cluster ...`);
    client.cancel(jobId).catch(failed.reject);
  };
  interruption.signal.addEventListener('abort', cancel, { once: true });
  if (interruption.signal.aborted) cancel();
  return Promise.race([client.watch(jobId, (job) => reporter.update(job)), failed.promise]);
}
