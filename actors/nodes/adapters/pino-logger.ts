import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { type Logger as Pino, type StreamEntry, multistream, pino, stdSerializers } from 'pino';
import { ConfigurationError } from '../../../src/base/errors.ts';
import type { LogFields, Logger } from '../../../src/ports/logger.ts';
import { formatLine, wantsColour } from './log-format.ts';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

export interface LoggerOptions {
  /** Shown with each line and its colour: `jobmanager`, `taskmanager-2`... */
  readonly role: string;
  /** Default `info`. */
  readonly level?: LogLevel;
  /** Where people read; `false` for nowhere. Default: stderr. */
  readonly console?: LogStream | false;
  /** Lines on the console as JSON instead of for people. */
  readonly json?: boolean;
  /** Gets JSON lines with everything, error stacks included; made with its folders, appended to. */
  readonly file?: string;
  /** Default: the process's. */
  readonly environment?: NodeJS.ProcessEnv;
}

export interface LogStream {
  write(text: string): unknown;
  readonly isTTY?: boolean;
}

/** A logger of a node and its end. */
export interface NodeLogger extends Logger {
  /** Closes the file; later lines are lost. Idempotent. */
  close(): void;
}

/**
 * The `Logger` port over pino. Lines are written before the call returns, so that the last ones before a crash are
 * there.
 *
 * @throws ConfigurationError when the file cannot be opened.
 */
export function createLogger(options: LoggerOptions): NodeLogger {
  const file = options.file === undefined ? undefined : openFile(options.file);
  const streams: StreamEntry[] = [];
  const level = options.level === 'silent' || options.level === undefined ? 'info' : options.level;
  if (options.console !== false) streams.push({ level, stream: consoleStream(options) });
  if (file !== undefined) streams.push({ level, stream: file });
  const root = pino(
    {
      level: options.level ?? 'info',
      base: { role: options.role },
      serializers: { error: stdSerializers.errWithCause, cause: stdSerializers.errWithCause },
    },
    multistream(streams),
  );
  return Object.assign(new PinoLogger(root), { close: () => file?.close() });
}

class PinoLogger implements Logger {
  readonly #pino: Pino;

  constructor(target: Pino) {
    this.#pino = target;
  }

  debug(message: string, fields: LogFields = {}): void {
    this.#pino.debug(safe(fields), message);
  }

  info(message: string, fields: LogFields = {}): void {
    this.#pino.info(safe(fields), message);
  }

  warn(message: string, fields: LogFields = {}): void {
    this.#pino.warn(safe(fields), message);
  }

  error(message: string, fields: LogFields = {}): void {
    this.#pino.error(safe(fields), message);
  }

  child(fields: LogFields): Logger {
    return new PinoLogger(this.#pino.child(safe(fields)));
  }
}

const RESERVED = ['level', 'time', 'msg'] as const;

/** Fields with the names of the line's own parts get an underscore, as JSON would otherwise have them twice. */
function safe(fields: LogFields): LogFields {
  if (!RESERVED.some((name) => name in fields)) return fields;
  const renamed = Object.entries(fields).map(([name, value]) => [
    RESERVED.some((reserved) => reserved === name) ? `${name}_` : name,
    value,
  ]);
  return Object.fromEntries(renamed) as LogFields;
}

function consoleStream(options: LoggerOptions): LogStream {
  const target: LogStream =
    options.console === undefined || options.console === false ? process.stderr : options.console;
  if (options.json === true) return { write: (line: string) => target.write(line) };
  const colour = wantsColour(target.isTTY === true, options.environment ?? process.env);
  return { write: (line: string) => target.write(formatLine(line, colour)) };
}

function openFile(path: string): { write(text: string): void; close(): void } {
  let descriptor: number | undefined;
  try {
    mkdirSync(dirname(path), { recursive: true });
    descriptor = openSync(path, 'a', 0o640);
  } catch (cause) {
    throw new ConfigurationError(`the log file ${path} cannot be opened`, { cause });
  }
  return {
    write: (text) => {
      if (descriptor !== undefined) writeSync(descriptor, text);
    },
    close: () => {
      if (descriptor !== undefined) closeSync(descriptor);
      descriptor = undefined;
    },
  };
}
