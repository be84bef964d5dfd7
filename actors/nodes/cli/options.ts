import { readFileSync } from 'node:fs';
import { InvalidArgumentError, Option } from 'commander';
import type { Command } from 'commander';
import { CLI_PROBE_MS } from '../../../src/base/limits.ts';
import type { Configuration } from '../../../src/config/configuration.ts';
import { loadConfiguration } from '../../../src/config/load-configuration.adapter.ts';
import { OPTIONS } from '../../../src/config/options.ts';
import { ConfigurationError } from '../../../src/base/errors.ts';
import { natsSpec } from '../adapters/nats-connection.ts';
import type { RestAddress } from '../adapters/rest-transport.ts';
import { createLogger } from '../adapters/pino-logger.ts';
import type { NodeLogger } from '../adapters/pino-logger.ts';
import { connectClient } from '../connect-client.ts';
import type { ClientConnection } from '../connect-client.ts';
import { DEFAULT_CLUSTER, DEFAULT_NATS_URL, checkClusterId } from '../nats-environment.ts';
import type { ClusterAddress } from '../nats-environment.ts';
import type { Terminal } from './terminal.ts';

/** What every verb gets and gives. */
export interface Cli {
  readonly terminal: Terminal;
  readonly environment: NodeJS.ProcessEnv;
  /** Set by the verb's action. */
  exitCode: number;
  /** Whether the verb was told to show stacks and debug lines. */
  verbose: boolean;
  /** Whether programs read the output. */
  json: boolean;
}

/** Where the NATS server is, as for NATS' own tools. */
const NATS_URL = 'NATS_URL';

export interface VerboseOptions {
  readonly verbose?: true;
}

export interface ConfigurationOptions extends VerboseOptions {
  readonly D?: readonly string[];
  readonly config?: string;
}

export interface AddressOptions extends ConfigurationOptions, CredentialOptions, RestOptions {
  readonly nats: string;
  readonly cluster: string;
}

export interface RestOptions {
  readonly jobmanager?: string;
  readonly tokenFile?: string;
}

/** As NATS' own tools name them. */
export interface CredentialOptions {
  readonly creds?: string;
  readonly nkey?: string;
  readonly tlsca?: string;
  readonly tlscert?: string;
  readonly tlskey?: string;
}

export function withVerbose(command: Command): Command {
  return command.option('--verbose', 'show debug lines, and stacks of errors');
}

/** `-D` and `--config`. */
export function withConfiguration(command: Command): Command {
  return command
    .option('-D <key=value>', "a configuration option under Flink's key; may be repeated", append)
    .option(
      '--config <file>',
      'YAML file of options (default: $MILLRACE_CONF_DIR/config.yaml where that is set)',
    );
}

/** How to be known to the NATS server; what else there is has keys of the configuration (`nats.user`...). */
export function withCredentials(command: Command): Command {
  return command
    .addOption(file('--creds <file>', 'credentials file for the NATS server').env('NATS_CREDS'))
    .addOption(file('--nkey <file>', 'nkey seed file for the NATS server').env('NATS_NKEY'))
    .addOption(file('--tlsca <file>', 'authorities of the NATS server, PEM').env('NATS_CA'))
    .addOption(file('--tlscert <file>', 'certificate to show to the NATS server, PEM').env('NATS_CERT'))
    .addOption(file('--tlskey <file>', 'private key of --tlscert, PEM').env('NATS_KEY'));
}

function file(flags: string, description: string): Option {
  return new Option(flags, description);
}

/** `--nats` with its default, `--cluster`, credentials, and the configuration, which may have more of those. */
export function withAddress(command: Command): Command {
  return withConfiguration(withCredentials(command))
    .addOption(
      new Option('--nats <url>', 'NATS server of the cluster; several separated by commas')
        .env(NATS_URL)
        .default(DEFAULT_NATS_URL),
    )
    .option('--cluster <id>', 'which cluster on that server', DEFAULT_CLUSTER);
}

/** `-m`: the cluster by its REST API, where NATS cannot be reached. */
export function withRest(command: Command): Command {
  return command
    .option(
      '-m, --jobmanager <address>',
      'reach the cluster by the REST API at host:port or http(s)://host:port, not by NATS',
    )
    .option('--token-file <file>', 'with -m: file with the bearer token (default: $MILLRACE_TOKEN)');
}

/** `--nats` or `-m`, for verbs that talk to a cluster. */
export function withClientAddress(command: Command): Command {
  return withRest(withAddress(command));
}

export function withJson(command: Command): Command {
  return command.option('--json', 'print one JSON object per line');
}

/** `-p` */
export function withParallelism(command: Command): Command {
  return command.option('-p, --parallelism <n>', 'parallelism of operators that set none', wholeNumber(1));
}

/** `-c` */
export function withClass(command: Command): Command {
  return command.option(
    '-c, --class <export>',
    'which export of the module is the job (default: its default)',
  );
}

/** An option that only Millrace's own processes give. */
export function hidden(flags: string): Option {
  return new Option(flags).hideHelp();
}

/** The configuration that the options describe. @throws ConfigurationError */
export function configurationOf(
  cli: Cli,
  options: ConfigurationOptions & { readonly parallelism?: number },
  more: readonly string[] = [],
): Configuration {
  const parallelism =
    options.parallelism === undefined ? [] : [`${OPTIONS.parallelism.key}=${options.parallelism}`];
  return loadConfiguration({
    file: options.config,
    overrides: [...(options.D ?? []), ...parallelism, ...more],
    environment: cli.environment,
  });
}

/** Parser of a whole number of at least `min`. */
export function wholeNumber(min: number, max = Number.MAX_SAFE_INTEGER): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= min && value <= max) return value;
    const bound = max === Number.MAX_SAFE_INTEGER ? `at least ${min}` : `${min} to ${max}`;
    throw new InvalidArgumentError(`It must be a whole number of ${bound}.`);
  };
}

/** Which cluster, and how to be known to its server. @throws ConfigurationError */
export function addressOf(cli: Cli, options: AddressOptions): ClusterAddress {
  const configuration = configurationOf(cli, options, credentialOverrides(options));
  return { nats: natsSpec(options.nats, configuration), clusterId: checkClusterId(options.cluster) };
}

/** The REST API that `-m` names, or else the cluster on NATS. @throws ConfigurationError */
export function clientAddressOf(cli: Cli, options: AddressOptions): ClusterAddress | RestAddress {
  return restAddressOf(cli, options) ?? addressOf(cli, options);
}

/** Undefined without `-m`. @throws ConfigurationError for what is no address, and a token file that cannot be read */
export function restAddressOf(cli: Cli, options: RestOptions & CredentialOptions): RestAddress | undefined {
  const { jobmanager, tokenFile, tlsca, tlscert, tlskey } = options;
  if (jobmanager === undefined) return undefined;
  const url = URL.parse(jobmanager.includes('://') ? jobmanager : `http://${jobmanager}`);
  if (url === null || !/^https?:$/.test(url.protocol) || url.username !== '')
    throw new ConfigurationError(
      `"${jobmanager.slice(0, 200)}" is no address of a REST API: host:port, http://host:port or https://host:port`,
    );
  const token = tokenFile === undefined ? cli.environment['MILLRACE_TOKEN'] : readToken(tokenFile);
  return { url: url.href, token, ca: tlsca, cert: tlscert, key: tlskey };
}

function readToken(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch (cause) {
    throw new ConfigurationError(`the token file ${path} cannot be read`, { cause });
  }
}

/** Credentials of the command line as the configuration keys that they stand for. */
export function credentialOverrides({ creds, nkey, tlsca, tlscert, tlskey }: CredentialOptions): string[] {
  return (
    [
      [OPTIONS.natsCredentialsFile, creds],
      [OPTIONS.natsNkeyFile, nkey],
      [OPTIONS.natsCaFile, tlsca],
      [OPTIONS.natsCertFile, tlscert],
      [OPTIONS.natsKeyFile, tlskey],
    ] as const
  ).flatMap(([{ key }, path]) => (path === undefined ? [] : [`${key}=${path}`]));
}

/** A logger of warnings to the terminal, for clients. */
export function clientLogger(cli: Cli): NodeLogger {
  return createLogger({
    role: 'client',
    level: cli.verbose ? 'debug' : 'warn',
    console: cli.terminal.log,
    environment: cli.environment,
  });
}

/** Where reporters of metrics write that somebody configured: what they say is wanted. */
export function metricsLogger(cli: Cli): NodeLogger {
  return createLogger({
    role: 'metrics',
    level: 'info',
    json: cli.json,
    console: cli.terminal.log,
    environment: cli.environment,
  });
}

/** Connects, asks the dispatcher whether it is there, and closes whatever happens. */
export async function withClient<T>(
  cli: Cli,
  address: ClusterAddress | RestAddress,
  timeoutMs: number,
  use: (connection: ClientConnection) => Promise<T>,
  configuration?: Configuration,
): Promise<T> {
  const connection = await connectClient(address, {
    logger: clientLogger(cli),
    settings: { timeoutMs },
    ...(configuration === undefined ? {} : { configuration }),
  });
  try {
    return await use(connection);
  } finally {
    await connection.close();
  }
}

/** For one question and its answer. */
export const QUESTION_TIMEOUT_MS = CLI_PROBE_MS;

function append(value: string, previous: readonly string[] = []): string[] {
  return [...previous, value];
}
