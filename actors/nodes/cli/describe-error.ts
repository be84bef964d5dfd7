import { constants } from 'node:os';
import { ConfigurationError, serializeError } from '../../../src/base/errors.ts';
import type { SerializedError } from '../../../src/base/errors.ts';

/** Exit codes of every command. */
export const EXIT = {
  ok: 0,
  /** The job failed, or something was refused. */
  failed: 1,
  /** The command line or the configuration is wrong. */
  usage: 2,
  /** 128 + SIGINT */
  interrupted: 130,
} as const;

/** Options that contradict each other. */
export class UsageError extends ConfigurationError {}

/** The command was ended by a signal, and has stopped what it had started. */
export class InterruptedError extends Error {
  readonly exitCode: number;

  constructor(signal: NodeJS.Signals) {
    super(`interrupted by ${signal}`);
    this.name = 'InterruptedError';
    this.exitCode = 128 + (constants.signals[signal] ?? 0);
  }
}

export function exitCodeOf(error: unknown): number {
  if (error instanceof InterruptedError) return error.exitCode;
  return error instanceof ConfigurationError ? EXIT.usage : EXIT.failed;
}

const LINE_CHARS = 2_000;

/** What went wrong on one line: causes are added until one is told already by the text before. */
export function describeError(error: SerializedError): string {
  let text = '';
  for (let at: SerializedError | undefined = error; at !== undefined; at = at.cause) {
    const message = oneLine(at.message === '' ? at.name : at.message);
    if (text.includes(message)) break;
    text = text === '' ? message : `${text}: ${message}`;
  }
  return text.length > LINE_CHARS ? `${text.slice(0, LINE_CHARS)}...` : text;
}

/** Stacks of an error and its causes, for `--verbose`. */
export function stacksOf(error: SerializedError): string[] {
  const stacks: string[] = [];
  for (let at: SerializedError | undefined = error; at !== undefined; at = at.cause) {
    stacks.push(`${stacks.length === 0 ? '' : 'caused by: '}${at.stack ?? `${at.name}: ${at.message}`}`);
  }
  return stacks;
}

/** An error as `--json` shows it: without stacks. */
export function errorJson(error: SerializedError): object {
  const { name, message, domain, retryable, cause } = error;
  return { name, message, domain, retryable, ...(cause === undefined ? {} : { cause: errorJson(cause) }) };
}

/** Anything thrown as plain data; what this program itself throws is not the user's fault. */
export function plainError(error: unknown): SerializedError {
  return serializeError(error, 'internal');
}

function oneLine(text: string): string {
  // eslint-disable-next-line no-control-regex
  return text.replaceAll(/\s*[\u0000-\u001f\u007f-\u009f]+\s*/g, ' ').trim();
}
