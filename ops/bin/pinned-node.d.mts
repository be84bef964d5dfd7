/** Oldest major version of Node that can run Millrace. */
export const OLDEST_NODE: number;

/** Node's flags under which `import 'millrace'` means the TypeScript sources. */
export const SOURCE_FLAGS: readonly string[];

/**
 * Absolute path of the Node to run Millrace with.
 *
 * @throws {Error} when there is none that can
 */
export function findNode(): string;

export function isNewEnough(): boolean;

/** Replaces this process by `node ...args`. */
export function handOver(node: string, args: readonly string[]): void;
