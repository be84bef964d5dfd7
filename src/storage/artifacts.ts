import { createHash } from 'node:crypto';
import { ARTIFACT_BYTES_MAX } from '../base/limits.ts';
import { ArtifactCorruptError, ArtifactNotFoundError, ArtifactTooLargeError } from './errors.ts';

const ADDRESS = /^[0-9a-f]{64}$/;

/** The address of these bytes: sha256 in lower-case hex. */
export function addressOf(content: Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}

/** Whether the text can be an address; anything else is in no store and becomes no file name. */
export function isAddress(text: string): boolean {
  return ADDRESS.test(text);
}

/** @throws ArtifactTooLargeError */
export function checkArtifactSize(content: Uint8Array): void {
  if (content.byteLength > ARTIFACT_BYTES_MAX) {
    throw new ArtifactTooLargeError(content.byteLength, ARTIFACT_BYTES_MAX);
  }
}

/** @throws ArtifactNotFoundError */
export function checkAddress(sha256: string, where: string): void {
  if (!isAddress(sha256)) throw new ArtifactNotFoundError(sha256, where);
}

/** @throws ArtifactCorruptError */
export function verified(sha256: string, content: Uint8Array, where: string): Uint8Array {
  if (addressOf(content) !== sha256) throw new ArtifactCorruptError(sha256, where);
  return content;
}
