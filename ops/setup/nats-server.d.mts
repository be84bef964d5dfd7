/** The oldest nats-server that runs a cluster. */
export const OLDEST_NATS_SERVER: string;

/** The absolute path of a nats-server that is already on this machine, or undefined. */
export function findNatsServer(): string | undefined;

/**
 * As installNatsServer; one that is too old for some tests is replaced by a newer one where Go is there to build it.
 */
export function installFullNatsServer(): string;

/** Its version, such as `2.12.0`. */
export function natsServerVersion(): string | undefined;

/**
 * The absolute path of a nats-server, installed first when there is none.
 *
 * @throws {Error} what to install by hand, when no way worked
 */
export function installNatsServer(): string;
