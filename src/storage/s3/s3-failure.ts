const CURES: Readonly<Record<string, string>> = {
  NoSuchBucket: 'the bucket does not exist: make it, or correct the URI',
  AccessDenied: 'the credentials may not do this: grant read, write, list and delete on the bucket',
  Forbidden: 'the credentials may not do this: grant read, write, list and delete on the bucket',
  InvalidAccessKeyId: 'the server does not know the access key: check s3.access-key and s3.endpoint',
  SignatureDoesNotMatch: 'the secret key is wrong: check s3.secret-key and s3.region',
  ExpiredToken: 'the credentials have expired: renew them',
  CredentialsProviderError:
    'no credentials were found: set s3.access-key and s3.secret-key, or what the AWS SDK looks for',
  PermanentRedirect: 'the bucket is in another region: set s3.region',
  NotImplemented: 'the server lacks this operation: use one that is compatible with S3',
  ECONNREFUSED: 'nobody listens there: check s3.endpoint',
  ENOTFOUND: 'the host name is not known: check s3.endpoint, and s3.path.style.access for own servers',
  EAI_AGAIN: 'the host name cannot be looked up: check s3.endpoint and the name server',
  TimeoutError: 'the server did not answer in time',
};

interface SdkError {
  readonly name: string;
  readonly message: string;
  readonly code?: unknown;
  readonly $metadata?: { readonly httpStatusCode?: number | undefined };
}

function isError(error: unknown): error is SdkError {
  return error instanceof Error;
}

/** HTTP status of a refusal; undefined where no answer came. */
export function statusOf(error: unknown): number | undefined {
  return isError(error) ? error.$metadata?.httpStatusCode : undefined;
}

/** Whether the condition that there be no such object was refused, or met another write to it. */
export function isConflict(error: unknown): boolean {
  return [409, 412].includes(statusOf(error) ?? 0);
}

/** Whether the request may have been carried out although it failed: no answer, or a fault of the server. */
export function isUnknown(error: unknown): boolean {
  const status = statusOf(error);
  // An upload that is gone may have been completed by a try whose answer was lost.
  return status === undefined || status >= 500 || nameOf(error) === 'NoSuchUpload';
}

/** Whether there is no such object. A HEAD request says no more than 404. */
export function isAbsent(error: unknown): boolean {
  return ['NoSuchKey', 'NotFound'].includes(nameOf(error));
}

/**
 * The SDK's error in words, with what to do. Only its name, text and status are kept: what else hangs on it (requests,
 * headers, key ids) must not reach logs.
 */
export function explained(error: unknown): Error {
  if (!isError(error)) return new Error(String(error));
  const status = statusOf(error);
  const code = typeof error.code === 'string' ? error.code : undefined;
  const known = [code, error.name, status === 403 ? 'Forbidden' : undefined].find(
    (name) => name !== undefined && Object.hasOwn(CURES, name),
  );
  const said = [error.name, code, status === undefined ? undefined : `HTTP ${status}`, error.message]
    .filter((part) => part !== undefined && part !== '' && part !== 'UnknownError')
    .join(', ');
  return new Error(known === undefined ? said : `${CURES[known]} (${said})`);
}

function nameOf(error: unknown): string {
  return isError(error) ? error.name : '';
}
