import {
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
  S3Client,
  paginateListObjectsV2,
} from '@aws-sdk/client-s3';
import {
  S3_ATTEMPTS,
  S3_CONNECT_TIMEOUT_MS,
  S3_REQUEST_TIMEOUT_MS,
  S3_SOCKET_TIMEOUT_MS,
} from '../../base/limits.ts';
import { isAbsent, statusOf } from './s3-failure.ts';
import type { S3Settings } from './settings.ts';

/** Metadata of every object: who wrote it, so that a writer can tell its own object from another's. */
const WRITER = 'millrace-writer';

export interface S3Object {
  readonly size: number;
  readonly writer: string | undefined;
}

/** The requests that a store makes of one bucket. Errors are the SDK's. */
export class S3Bucket {
  readonly name: string;
  readonly client: S3Client;
  readonly settings: S3Settings;

  constructor(name: string, settings: S3Settings) {
    this.name = name;
    this.settings = settings;
    this.client = newClient(settings);
  }

  /** Parameters of an object that must not be there yet. */
  newObject(key: string, writer: string) {
    return { Bucket: this.name, Key: key, IfNoneMatch: '*', Metadata: { [WRITER]: writer } } as const;
  }

  async putNew(key: string, content: Uint8Array, writer: string): Promise<void> {
    await this.client.send(new PutObjectCommand({ ...this.newObject(key, writer), Body: content }));
  }

  async head(key: string): Promise<S3Object | undefined> {
    try {
      const found = await this.client.send(new HeadObjectCommand({ Bucket: this.name, Key: key }));
      return { size: found.ContentLength ?? 0, writer: found.Metadata?.[WRITER] };
    } catch (error) {
      if (isAbsent(error)) return undefined;
      throw error;
    }
  }

  /** The bytes, fewer where the object ends before; undefined where there is no such object. */
  async get(key: string, range: string | undefined): Promise<Uint8Array | undefined> {
    try {
      const request = { Bucket: this.name, Key: key, ...(range === undefined ? {} : { Range: range }) };
      const found = await this.client.send(new GetObjectCommand(request));
      const content = (await found.Body?.transformToByteArray()) ?? new Uint8Array();
      if (found.ContentLength !== undefined && content.byteLength !== found.ContentLength)
        throw new Error(`${content.byteLength} of ${found.ContentLength} bytes came`);
      return content;
    } catch (error) {
      if (isAbsent(error)) return undefined;
      // Nothing of the range is there; an object that is not there would have been a 404.
      if (statusOf(error) === 416) return new Uint8Array();
      throw error;
    }
  }

  async *list(prefix: string): AsyncGenerator<{ key: string; size: number; modifiedAt: number }> {
    const pages = paginateListObjectsV2({ client: this.client }, { Bucket: this.name, Prefix: prefix });
    for await (const { Contents = [] } of pages)
      for (const { Key = '', Size = 0, LastModified } of Contents)
        yield { key: Key, size: Size, modifiedAt: LastModified?.getTime() ?? 0 };
  }

  async delete(keys: readonly string[]): Promise<void> {
    const Objects = keys.map((key) => ({ Key: key }));
    const { Errors = [] } = await this.client.send(
      new DeleteObjectsCommand({ Bucket: this.name, Delete: { Quiet: true, Objects } }),
    );
    const [first] = Errors.filter(({ Code }) => Code !== 'NoSuchKey');
    if (first === undefined) return;
    throw Object.assign(
      new Error(`${Errors.length} objects were not deleted, ${first.Key}: ${first.Message}`),
      { name: first.Code ?? 'Error' },
    );
  }
}

function newClient(settings: S3Settings): S3Client {
  const { endpoint, accessKey, secretKey, sessionToken } = settings;
  const region = settings.region ?? (endpoint === undefined ? undefined : 'us-east-1');
  const credentials =
    accessKey === undefined || secretKey === undefined
      ? undefined
      : {
          accessKeyId: accessKey.reveal(),
          secretAccessKey: secretKey.reveal(),
          ...(sessionToken === undefined ? {} : { sessionToken: sessionToken.reveal() }),
        };
  return new S3Client({
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(region === undefined ? {} : { region }),
    ...(credentials === undefined ? {} : { credentials }),
    forcePathStyle: settings.pathStyleAccess,
    maxAttempts: S3_ATTEMPTS,
    retryMode: 'standard',
    requestHandler: {
      connectionTimeout: S3_CONNECT_TIMEOUT_MS,
      requestTimeout: S3_REQUEST_TIMEOUT_MS,
      socketTimeout: S3_SOCKET_TIMEOUT_MS,
      throwOnRequestTimeout: true,
    },
  });
}
