/** Where built servers are kept. */
export const CACHE: string;

/** The first file of this name in a folder of the PATH. */
export function onPath(name: string): string | undefined;

/** Runs a command to its end; what it said last when it failed, else undefined. */
export function run(command: string, args: readonly string[], env?: NodeJS.ProcessEnv): string | undefined;

/** Builds a module (`host/path@version`) into the cache; what went wrong, or undefined. */
export function goInstall(module: string): string | undefined;
