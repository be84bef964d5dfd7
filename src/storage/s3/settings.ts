import type { Secret } from '../../base/secret.ts';

/** How an S3 server is reached; `undefined` leaves it to the AWS SDK (environment, profiles, metadata services). */
export interface S3Settings {
  readonly endpoint: string | undefined;
  readonly region: string | undefined;
  readonly accessKey: Secret | undefined;
  readonly secretKey: Secret | undefined;
  readonly sessionToken: Secret | undefined;
  readonly pathStyleAccess: boolean;
  readonly partSizeBytes: number;
  /** Parts of one file under way at once. */
  readonly concurrentUploads: number;
}
