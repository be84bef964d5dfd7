/** The repository's root folder, absolute. */
export const ROOT: string;

/**
 * Makes node_modules match the lockfile; quiet when it does already.
 *
 * @throws {Error} when npm fails, with npm's own words
 */
export function install(): void;
