import { jetstreamManager } from '@nats-io/jetstream';
import { Objm } from '@nats-io/obj';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeArtifactStoreConformance } from '../../src/storage/artifact-store.conformance.ts';
import { StoreError } from '../../src/storage/errors.ts';
import { describeMetadataStoreConformance } from '../../src/storage/metadata-store.conformance.ts';
import { NatsArtifactStore } from '../../src/storage/nats/artifact-store.ts';
import { NatsMetadataStore } from '../../src/storage/nats/metadata-store.ts';
import { NatsSnapshotStore } from '../../src/storage/nats/snapshot-store.ts';
import { describeSnapshotStoreConformance } from '../../src/storage/snapshot-store.conformance.ts';
import { RecordingLogger } from '../../src/testing/recording-logger.ts';
import { SeededRandom } from '../../src/testing/seeded-random.ts';
import { conformanceClock as clock } from '../../src/transport/conformance-clock.ts';
import { connectNats } from '../../src/transport/nats/connect.ts';
import type { NatsTransport } from '../../src/transport/nats/nats-transport.ts';
import { NatsServer } from './nats-server.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

function connect(url: string): Promise<NatsTransport> {
  return connectNats({
    servers: url,
    name: 'stores',
    role: 'control',
    clock,
    random: new SeededRandom(1),
    logger: new RecordingLogger(),
    reconnect: { minDelayMs: 20, maxDelayMs: 100 },
  });
}

let server: NatsServer;
let one: NatsTransport;
let two: NatsTransport;
let buckets = 0;
const newBucket = (): string => `bucket${++buckets}`;

beforeAll(async () => {
  server = await NatsServer.start();
  [one, two] = await Promise.all([connect(server.url), connect(server.url)]);
});
afterAll(async () => {
  await Promise.all([one.close(), two.close()]);
  await server.stop();
});

describeMetadataStoreConformance('NATS KV', async () => {
  const bucket = newBucket();
  const open = (transport: NatsTransport): Promise<NatsMetadataStore> =>
    NatsMetadataStore.open({ transport, clock, bucket });
  // Both at once, as nodes that start together do.
  const stores = await Promise.all([open(one), open(two)]);
  return { one: stores[0], two: stores[1], dispose: async () => {} };
});

describeArtifactStoreConformance('NATS object store', async () => {
  const bucket = newBucket();
  const open = (transport: NatsTransport): Promise<NatsArtifactStore> =>
    NatsArtifactStore.open({ transport, clock, bucket });
  const stores = await Promise.all([open(one), open(two)]);
  const corrupt = async (sha256: string): Promise<void> => {
    const raw = await new Objm(one.connection).open(bucket);
    await raw.putBlob({ name: sha256 }, bytes('something else'));
  };
  return { one: stores[0], two: stores[1], corrupt, dispose: async () => {} };
});

describeSnapshotStoreConformance('NATS object store', async () => {
  const bucket = newBucket();
  const open = (transport: NatsTransport): Promise<NatsSnapshotStore> =>
    NatsSnapshotStore.open({ transport, clock, bucket, logger: new RecordingLogger() });
  const stores = await Promise.all([open(one), open(two)]);
  /** Objects whose chunks are in the bucket though nothing refers to them. */
  const leftovers = async (): Promise<string[]> => {
    const manager = await jetstreamManager(one.connection);
    const { state } = await manager.streams.info(`OBJ_${bucket}`, { subjects_filter: `$O.${bucket}.C.>` });
    const live = (await (await new Objm(one.connection).open(bucket)).list()).map(({ nuid }) => nuid);
    return Object.keys(state.subjects ?? {}).filter(
      (subject) => !live.some((nuid) => subject.endsWith(nuid)),
    );
  };
  return { one: stores[0], two: stores[1], leftovers, dispose: async () => {} };
});

describe('NATS stores and their server', () => {
  it('when a bucket has a time to live, a lease vanishes unless renewed, and the loser cannot renew', async () => {
    const bucket = newBucket();
    const lease = await NatsMetadataStore.open({ transport: one, clock, bucket, ttlMs: 1_000 });
    expect(await lease.create('leader', bytes('a'))).toBe(true);
    const first = (await lease.get('leader'))?.revision ?? 0;
    await sleep(600);
    expect(await lease.update('leader', bytes('a again'), first)).toBe(true);
    await sleep(600);
    const renewed = await lease.get('leader');
    expect(renewed).toBeDefined();
    while ((await lease.get('leader')) !== undefined) await sleep(50);
    expect(await lease.update('leader', bytes('too late'), renewed?.revision ?? 0)).toBe(false);
    expect(await lease.create('leader', bytes('b'))).toBe(true);
  });

  it('when a snapshot store is opened, a warning says that it is for development', async () => {
    const logger = new RecordingLogger();
    await NatsSnapshotStore.open({ transport: one, clock, bucket: newBucket(), logger });
    expect(JSON.stringify(logger)).toMatch(/for development/);
  });

  it('when JetStream is off, opening fails and names the bucket', async () => {
    const plain = await NatsServer.start({ jetstream: false });
    const transport = await connect(plain.url);
    await expect(NatsMetadataStore.open({ transport, clock, bucket: 'x' })).rejects.toThrow(StoreError);
    await expect(NatsArtifactStore.open({ transport, clock, bucket: 'artifacts' })).rejects.toThrow(
      /artifacts/,
    );
    await transport.close();
    await plain.stop();
  });

  it('when the server is away, writes are refused at once and not made up for later; data survives', async () => {
    const own = await NatsServer.start();
    const transport = await connect(own.url);
    const metadata = await NatsMetadataStore.open({ transport, clock, bucket: 'meta' });
    const artifacts = await NatsArtifactStore.open({ transport, clock, bucket: 'artifacts' });
    await metadata.put('a', bytes('1'));
    const sha256 = await artifacts.put(bytes('bundle'));
    await own.kill();
    while (transport.connected) await sleep(5);
    await expect(metadata.put('a', bytes('2'))).rejects.toThrow(/not connected/);
    await expect(metadata.get('a')).rejects.toThrow(StoreError);
    await expect(artifacts.put(bytes('other'))).rejects.toMatchObject({
      domain: 'external',
      retryable: true,
    });
    await own.restart();
    while (!transport.connected) await sleep(5);
    expect(new TextDecoder().decode((await metadata.get('a'))?.value)).toBe('1');
    expect(new TextDecoder().decode(await artifacts.get(sha256))).toBe('bundle');
    await transport.close();
    await own.stop();
  });
});

describe('artifacts in a NATS object store', () => {
  it('when several put the same content one shortly after the other, then the chunks of the first stay for its readers', async () => {
    const bucket = newBucket();
    const open = (transport: NatsTransport): Promise<NatsArtifactStore> =>
      NatsArtifactStore.open({ transport, clock, bucket });
    const stores = await Promise.all([open(one), open(two), open(two)]);
    const raw = await new Objm(one.connection).open(bucket);
    for (let round = 0; round < 30; round++) {
      const content = new Uint8Array(400_000).fill(round);
      const puts = stores.map(async (store, at) => {
        await sleep(at * (round % 4));
        const sha256 = await store.put(content);
        return (await raw.info(sha256))?.nuid;
      });
      expect(new Set(await Promise.all(puts)).size).toBe(1);
    }
  });
});
