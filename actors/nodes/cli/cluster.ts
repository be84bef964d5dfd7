import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { isPortFree } from '../adapters/free-port.ts';
import { createLogger } from '../adapters/pino-logger.ts';
import type { NodeLogger } from '../adapters/pino-logger.ts';
import { LocalCluster } from '../local-cluster.ts';
import { DEFAULT_CLUSTER, DEFAULT_NATS_URL, checkClusterId } from '../nats-environment.ts';
import { EXIT, InterruptedError, UsageError } from './describe-error.ts';
import { Interruption } from './interruption.ts';
import {
  configurationOf,
  credentialOverrides,
  wholeNumber,
  withConfiguration,
  withCredentials,
  withJson,
  withVerbose,
} from './options.ts';
import type { Cli, ConfigurationOptions, CredentialOptions } from './options.ts';

interface ClusterOptions extends ConfigurationOptions, CredentialOptions {
  readonly taskmanagers: number;
  readonly slots: number;
  readonly nats?: string;
  readonly natsPort?: number;
  readonly cluster: string;
  readonly logDir: string;
}

const EXAMPLES = `
Examples:
  millrace cluster --taskmanagers 2 --slots 2
  millrace cluster --nats nats://127.0.0.1:4222 --cluster blue -D heartbeat.timeout=10s

Starts a nats-server of its own (or uses --nats), one JobManager and the TaskManagers as processes.
Ctrl-C stops them all.`;

/** `millrace cluster` */
export function addCluster(program: Command, cli: Cli): void {
  const command = program
    .command('cluster')
    .description('run a cluster of processes on this machine')
    .option('--taskmanagers <n>', 'TaskManager processes', wholeNumber(1, 64), 1)
    .option('--slots <n>', 'slots of each TaskManager', wholeNumber(1, 1_024), 2)
    .option('--nats <url>', 'a NATS server that runs (default: an own one)')
    .option(
      '--nats-port <port>',
      `port of the own NATS server (default: ${NATS_PORT}, or a free one where that is taken)`,
      wholeNumber(1, 65_535),
    )
    .option('--cluster <id>', 'id of the cluster; several may share a NATS server', DEFAULT_CLUSTER)
    .option('--log-dir <folder>', 'where each process writes its log', 'millrace-logs')
    .addHelpText('after', EXAMPLES);
  withVerbose(withJson(withConfiguration(withCredentials(command)))).action(
    async (options: ClusterOptions) => {
      cli.exitCode = await runCluster(cli, options);
    },
  );
}

/** Where clients look when nothing is said. */
const NATS_PORT = Number(new URL(DEFAULT_NATS_URL).port);

async function runCluster(cli: Cli, options: ClusterOptions): Promise<number> {
  checkOptions(cli, options);
  const logDirectory = resolve(options.logDir);
  const logger = createLogger({
    role: 'cluster',
    json: cli.json,
    level: cli.verbose ? 'debug' : 'info',
    console: cli.terminal.log,
    environment: cli.environment,
    file: join(logDirectory, 'cluster.log'),
  });
  const interruption = new Interruption();
  try {
    const cluster = await start(cli, options, { logDirectory, logger, interruption });
    announce(cli, options, cluster);
    const ended = cluster.ended.then(() => 'its JobManager was told to end' as const);
    const reason = await Promise.race([cluster.failed, ended, interruption.happened]);
    if (reason instanceof Error)
      logger.error('the cluster cannot go on, everything is stopped', { error: reason });
    else logger.info('the cluster stops', { reason });
    await cluster.stop();
    if (reason instanceof Error) throw reason;
    logger.info('the cluster is stopped, no process is left');
    return reason === 'SIGINT' ? EXIT.interrupted : EXIT.ok;
  } catch (error) {
    if (error instanceof InterruptedError && interruption.name === 'SIGTERM') return EXIT.ok;
    throw error;
  } finally {
    interruption.end();
    logger.close();
  }
}

interface Start {
  readonly logDirectory: string;
  readonly logger: NodeLogger;
  readonly interruption: Interruption;
}

async function start(
  cli: Cli,
  options: ClusterOptions,
  { logDirectory, logger, interruption }: Start,
): Promise<LocalCluster> {
  const { taskmanagers, slots, nats, cluster, D = [], config } = options;
  const usual = nats === undefined && (await isPortFree(NATS_PORT)) ? NATS_PORT : undefined;
  const natsPort = options.natsPort ?? usual;
  const credentials = credentialOverrides(options);
  return LocalCluster.start({
    taskManagers: taskmanagers,
    slots,
    clusterId: cluster,
    logDirectory,
    logger,
    signal: interruption.signal,
    configuration: configurationOf(cli, options, credentials),
    nodeArguments: [
      ...[...D, ...credentials].flatMap((pair) => ['-D', pair]),
      ...(config === undefined ? [] : ['--config', resolve(config)]),
      ...(cli.verbose ? ['--verbose'] : []),
      ...(cli.json ? ['--json'] : []),
    ],
    ...(nats === undefined ? {} : { nats }),
    ...(natsPort === undefined ? {} : { natsPort }),
  });
}

/** Wrong options are told before any process starts. */
function checkOptions(cli: Cli, options: ClusterOptions): void {
  checkClusterId(options.cluster);
  configurationOf(cli, options);
  if (options.nats !== undefined && options.natsPort !== undefined) {
    throw new UsageError('--nats-port is the port of an own NATS server: leave it out with --nats <url>');
  }
}

function announce({ terminal, json }: Cli, options: ClusterOptions, { url, restUrl }: LocalCluster): void {
  const { taskmanagers, slots, cluster } = options;
  if (json) {
    terminal.json({
      type: 'clusterReady',
      cluster,
      nats: url,
      ...(restUrl === undefined ? {} : { rest: restUrl }),
      taskManagers: taskmanagers,
      slots: taskmanagers * slots,
      pid: process.pid,
    });
    return;
  }
  const which = cluster === DEFAULT_CLUSTER ? '' : ` --cluster ${cluster}`;
  const nodes = `${taskmanagers} TaskManager${taskmanagers === 1 ? '' : 's'} with ${taskmanagers * slots} slots`;
  terminal.out(terminal.paintOut('green', `Cluster "${cluster}" is ready: ${nodes}, NATS at ${url}`));
  if (restUrl !== undefined) terminal.out(`REST API:   ${restUrl}`);
  terminal.out(`Run a job:  npx millrace run <module.ts> --nats ${url}${which}`);
  const at = url === DEFAULT_NATS_URL ? '' : ` --nats ${url}`;
  terminal.out(`Watch it:   npx millrace top${at}${which}`);
}
