import { parseArgs } from 'node:util';
import type { ParseArgsConfig } from 'node:util';

/** Wrong usage: shown with the help, exit code 2. */
export class UsageError extends Error {}

/** @throws UsageError */
export function parse<T extends NonNullable<ParseArgsConfig['options']>>(
  args: readonly string[],
  options: T,
): ReturnType<typeof parseArgs<{ args: string[]; allowPositionals: true; options: T }>> {
  try {
    return parseArgs({ args: [...args], allowPositionals: true, options });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

/** @throws UsageError unless it is a whole number above 0 */
export function positive(text: string, option: string): number {
  const value = Number(text.replaceAll('_', ''));
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new UsageError(`${option}: "${text}" is not a whole number above 0`);
}
