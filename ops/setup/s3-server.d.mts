/** The absolute path of an S3 server that is already on this machine, or undefined. */
export function findS3Server(): string | undefined;

/**
 * The absolute path of an S3 server, built first when there is none.
 *
 * @throws {Error} why there is none
 */
export function installS3Server(): string;
