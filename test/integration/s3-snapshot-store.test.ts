import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { inspect } from 'node:util';
import { ListMultipartUploadsCommand } from '@aws-sdk/client-s3';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { findS3Server } from '../../ops/setup/s3-server.mjs';
import { serializeError } from '../../src/base/errors.ts';
import { Secret } from '../../src/base/secret.ts';
import { StoreError } from '../../src/storage/errors.ts';
import { S3Bucket } from '../../src/storage/s3/bucket.ts';
import type { S3Settings } from '../../src/storage/s3/settings.ts';
import { S3SnapshotStore } from '../../src/storage/s3/snapshot-store.ts';
import { describeSnapshotStoreConformance } from '../../src/storage/snapshot-store.conformance.ts';
import { SeededRandom } from '../../src/testing/seeded-random.ts';
import { type Fault, S3Proxy } from './s3-proxy.ts';
import { S3Server, SECRET_KEY } from './s3-server.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const executable = findS3Server();

let seed = 0;
const openStore = (bucket: string, settings: S3Settings, prefix = ''): Promise<S3SnapshotStore> =>
  S3SnapshotStore.open({ bucket, prefix, settings, random: new SeededRandom(++seed) });

function describeWithServer(start: string): void {
  let server: S3Server;
  let buckets = 0;
  const newBucket = async (): Promise<string> => {
    const name = `bucket-${++buckets}`;
    await server.newBucket(name);
    return name;
  };
  const uploadsIn = async (bucket: string): Promise<string[]> => {
    const { client } = new S3Bucket(bucket, server.settings());
    const { Uploads = [] } = await client.send(new ListMultipartUploadsCommand({ Bucket: bucket }));
    return Uploads.map(({ Key = '' }) => Key);
  };
  beforeAll(async () => {
    server = await S3Server.start(start);
  });
  afterAll(() => server.stop());

  describeSnapshotStoreConformance('S3', async () => {
    const bucket = await newBucket();
    return {
      one: await openStore(bucket, server.settings(), 'team/jobs'),
      two: await openStore(bucket, server.settings(), 'team/jobs'),
      leftovers: () => uploadsIn(bucket),
      dispose: async () => {},
    };
  });

  it('when a bucket is shared under prefixes, each store sees its own files only', async () => {
    const bucket = await newBucket();
    const one = await openStore(bucket, server.settings(), 'a');
    const two = await openStore(bucket, server.settings(), 'ab');
    await one.createExclusive('x/1', bytes('1'));
    await two.createExclusive('x/2', bytes('2'));
    expect((await one.list('')).map(({ path }) => path)).toEqual(['x/1']);
    expect((await two.list('')).map(({ path }) => path)).toEqual(['x/2']);
    const all = await openStore(bucket, server.settings());
    expect((await all.list('')).map(({ path }) => path).toSorted()).toEqual(['a/x/1', 'ab/x/2']);
    expect(one.location).toBe(`s3://${bucket}/a`);
  });

  it('when an upload breaks off, its parts are removed', async () => {
    const bucket = await newBucket();
    const store = await openStore(bucket, server.settings());
    const file = await store.create('a');
    for (let at = 0; at < 4; at++) await file.write(new Uint8Array(6_000_000));
    expect(await uploadsIn(bucket)).toEqual(['a']);
    await file.abort();
    expect(await uploadsIn(bucket)).toEqual([]);
  });

  describe('behind a network that loses answers', () => {
    let proxy: S3Proxy;
    let bucket: string;
    let store: S3SnapshotStore;
    beforeEach(async () => {
      proxy = await S3Proxy.start(server.port);
      bucket = await newBucket();
      store = await openStore(bucket, server.settings({ endpoint: proxy.endpoint }));
      expect(await store.createExclusive('first', bytes('x'))).toBe(true);
    });
    afterEach(() => proxy.stop());

    /** Does it to the first request of this kind. */
    const disturb = (kind: RegExp, fault: Fault): (() => number) => {
      let seen = 0;
      proxy.faultFor = ({ method, url }) => (kind.test(`${method} ${url}`) && seen++ === 0 ? fault : 'none');
      return () => seen;
    };

    it('when the answer to createExclusive is lost, the second try finds that the file is its own', async () => {
      const tries = disturb(/^PUT .*\/d\/1/, 'lose-answer');
      expect(await store.createExclusive('d/1', bytes('mine'))).toBe(true);
      expect(tries()).toBe(2);
      expect(new TextDecoder().decode(await store.read('d/1'))).toBe('mine');
    });

    it('when the answer is lost and the path was taken, it is false', async () => {
      await store.createExclusive('d/1', bytes('first'));
      disturb(/^PUT .*\/d\/1/, 'lose-answer');
      expect(await store.createExclusive('d/1', bytes('first'))).toBe(false);
    });

    it.each([
      ['of one request', /^PUT /, 100],
      ['in parts', /^POST .*uploadId=/, 12_000_000],
    ])('when the answer to the end of an upload %s is lost, the file is there', async (_, kind, size) => {
      const tries = disturb(kind, 'lose-answer');
      const file = await store.create('a');
      await file.write(new Uint8Array(size));
      await file.close();
      expect(tries()).toBe(2);
      expect(await store.size('a')).toBe(size);
      expect(await uploadsIn(bucket)).toEqual([]);
    });

    it('when an answer breaks off, the read is repeated', async () => {
      const file = await store.create('a');
      await file.write(new Uint8Array(100_000).fill(7));
      await file.close();
      const tries = disturb(/^GET .*\/a/, 'cut-answer');
      expect(await store.read('a')).toEqual(new Uint8Array(100_000).fill(7));
      expect(tries()).toBe(2);
    });

    it('when the server is gone in the middle of an upload, the write or the close fails, and nothing hangs', async () => {
      const file = await store.create('a');
      await file.write(new Uint8Array(6_000_000));
      await proxy.stop();
      const act = async (): Promise<void> => {
        for (let at = 0; at < 10; at++) await file.write(new Uint8Array(6_000_000));
        await file.close();
      };
      await expect(act()).rejects.toThrow(StoreError);
      await file.abort();
      proxy = await S3Proxy.start(server.port);
    });
  });

  it('when credentials or bucket are wrong, the error says which key to set and shows no secret', async () => {
    const bucket = await newBucket();
    const wrong = { secretKey: new Secret('wrong-secret') };
    const error = await openStore(bucket, server.settings(wrong)).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(StoreError);
    expect((error as Error).message).toMatch(/check s3.secret-key/);
    for (const shown of [
      inspect(error, { depth: 9, showHidden: true }),
      JSON.stringify(serializeError(error)),
    ])
      expect(shown).not.toMatch(/wrong-secret|Signature=|Credential=/);
    await expect(openStore('no-such-bucket', server.settings())).rejects.toThrow(/bucket does not exist/);
    expect(inspect(server.settings())).not.toContain(SECRET_KEY);
  });
}

describe('S3 snapshot store without its server', () => {
  const settings = (port: number): S3Settings => ({
    endpoint: `http://127.0.0.1:${port}`,
    region: undefined,
    accessKey: new Secret('key'),
    secretKey: new Secret('secret'),
    sessionToken: undefined,
    pathStyleAccess: true,
    partSizeBytes: 5 * 1024 * 1024,
    concurrentUploads: 1,
  });

  it('when nobody listens, the error names the store and the key to check', async () => {
    const error = await openStore('bucket', settings(1), 'a').catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ domain: 'external', retryable: true });
    expect((error as Error).message).toMatch(/s3:\/\/bucket\/a failed: .*check s3\.endpoint/);
  });

  it('when a server ignores conditions, createExclusive refuses to work there', async () => {
    const deaf = createServer((request, answer) => {
      request.resume();
      answer.writeHead(200, { 'content-type': 'application/xml' });
      answer.end(request.method === 'PUT' ? '' : '<?xml version="1.0"?><Result></Result>');
    }).listen(0, '127.0.0.1');
    await once(deaf, 'listening');
    try {
      const store = await openStore('bucket', settings((deaf.address() as AddressInfo).port));
      await expect(store.createExclusive('a', bytes('x'))).rejects.toThrow(/ignores "If-None-Match"/);
      await expect(store.createExclusive('a', bytes('x'))).rejects.toMatchObject({ retryable: false });
    } finally {
      deaf.closeAllConnections();
      deaf.close();
    }
  });
});

const servers = executable === undefined ? [] : [executable];
if (servers.length === 0)
  console.warn('S3: no server to test with; `node ops/setup/s3-server.mjs` builds one. Left out.');
describe.each(servers)('S3 snapshot store and a real server', (start) => {
  describeWithServer(start);
});
