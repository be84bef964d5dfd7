import { createLogger } from '../adapters/pino-logger.ts';
import type { NodeLogger } from '../adapters/pino-logger.ts';
import type { NatsNodeOptions, RunningNode } from '../nats-nodes.ts';
import { EXIT, describeError, plainError } from './describe-error.ts';
import { Interruption } from './interruption.ts';
import { addressOf, configurationOf } from './options.ts';
import type { AddressOptions, Cli, ConfigurationOptions } from './options.ts';

export interface NodeOptions extends AddressOptions, ConfigurationOptions {
  readonly logFile?: string;
  /** Shown with each log line. */
  readonly role?: string;
}

/**
 * Runs a node until a signal comes, its supervisor goes or it fails. SIGTERM is an orderly end: exit code 0.
 * @param more configuration over that of the options
 */
export async function runNode(
  cli: Cli,
  kind: 'jobmanager' | 'taskmanager',
  options: NodeOptions,
  more: readonly string[],
  start: (options: NatsNodeOptions) => Promise<RunningNode>,
): Promise<number> {
  const configuration = configurationOf(cli, options, more);
  const address = addressOf(cli, options);
  const logger = nodeLogger(cli, options.role ?? kind, options.logFile);
  const interruption = new Interruption();
  const orphaned = new Promise<'orphaned'>((resolve) =>
    process.once('disconnect', () => resolve('orphaned')),
  );
  try {
    const shutDown = Promise.withResolvers<'shutDown'>();
    const starting = start({
      ...address,
      configuration,
      logger,
      onShutDown: () => shutDown.resolve('shutDown'),
      ...(options.logFile === undefined ? {} : { logFile: options.logFile }),
    });
    const node = await Promise.race([starting, interruption.happened, orphaned]);
    if (typeof node === 'string') {
      await starting.then(
        (late) => late.stop(),
        () => {},
      );
      return exitCodeFor(interruption);
    }
    logger.info(`${kind} runs`, {
      pid: process.pid,
      nats: address.nats.servers.replace(/\/\/[^@/]*@/g, '//'),
      cluster: address.clusterId,
    });
    const reason = await Promise.race([node.failed, interruption.happened, orphaned, shutDown.promise]);
    if (reason instanceof Error) logger.error(`${kind} cannot go on`, { error: reason });
    else logger.info(`${kind} stops`, { reason });
    await node.stop();
    return reason instanceof Error ? EXIT.failed : exitCodeFor(interruption);
  } catch (error) {
    // Also into the log file: nobody may be watching the terminal.
    if (options.logFile !== undefined) logger.error(describeError(plainError(error)));
    throw error;
  } finally {
    interruption.end();
    if (process.connected) process.disconnect?.();
    logger.close();
  }
}

function exitCodeFor(interruption: Interruption): number {
  return interruption.name === 'SIGINT' ? EXIT.interrupted : EXIT.ok;
}

function nodeLogger(cli: Cli, role: string, file: string | undefined): NodeLogger {
  return createLogger({
    role,
    json: cli.json,
    level: cli.verbose ? 'debug' : 'info',
    console: cli.terminal.log,
    environment: cli.environment,
    ...(file === undefined ? {} : { file }),
  });
}
