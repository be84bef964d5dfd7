import { ExternalError, InternalError, UserError } from '../base/errors.ts';

/** A metadata key is not made of tokens of [A-Za-z0-9_-] joined by dots, or too long. */
export class InvalidKeyError extends InternalError {
  constructor(key: string, reason: string) {
    super(`metadata key ${JSON.stringify(key.slice(0, 120))} is invalid: ${reason}`);
  }
}

/** A metadata value exceeds what every store holds. */
export class ValueTooLargeError extends InternalError {
  constructor(key: string, size: number, limit: number) {
    super(
      `the value of metadata key '${key}' has ${size} bytes, the stores hold ${limit}; large content is for artifacts`,
    );
  }
}

/** A store did not do what was asked, or did not say so: a write may or may not have happened. */
export class StoreError extends ExternalError {
  constructor(what: string, cause: unknown) {
    super(`${what} failed: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}

/** No artifact has this address. Retryable: it may be on its way to a replica. */
export class ArtifactNotFoundError extends ExternalError {
  constructor(sha256: string, where: string) {
    super(
      `artifact ${sha256.slice(0, 80)} is not in ${where}; was it removed, or is this another cluster's store?`,
    );
  }
}

/** The stored bytes are not those that were put. */
export class ArtifactCorruptError extends ExternalError {
  constructor(sha256: string, where: string, options: { cause?: unknown } = {}) {
    super(
      `artifact ${sha256} in ${where} is corrupt: its content has another sha256; remove it and submit again`,
      {
        retryable: false,
        ...options,
      },
    );
  }
}

/** An artifact is larger than the stores take. */
export class ArtifactTooLargeError extends UserError {
  constructor(size: number, limit: number) {
    super(`the artifact has ${size} bytes, ${limit} are allowed; leave large files out of the job's bundle`);
  }
}
