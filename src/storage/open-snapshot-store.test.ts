import { mkdir, mkdtemp, readFile, readdir, rm, symlink } from 'node:fs/promises';
import { execFile } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ConfigurationError, UserError } from '../base/errors.ts';
import { Configuration } from '../config/configuration.ts';
import { s3Settings } from '../config/settings.ts';
import { RecordingLogger } from '../testing/recording-logger.ts';
import { SeededRandom } from '../testing/seeded-random.ts';
import { SimulatedClock } from '../testing/simulated-clock.ts';
import { openSnapshotStore } from './open-snapshot-store.ts';
import { parseSnapshotUri } from './snapshot-uri.ts';

const options = {
  random: new SeededRandom(1),
  clock: new SimulatedClock({ startAt: Date.now() }),
  logger: new RecordingLogger(),
  s3: s3Settings(Configuration.EMPTY),
};

describe('snapshot URIs', () => {
  it.each([
    ['/data/flink/../checkpoints/', { kind: 'file', directory: '/data/checkpoints' }],
    ['file:///data/check%20points', { kind: 'file', directory: '/data/check points' }],
    ['s3://bucket', { kind: 's3', bucket: 'bucket', prefix: '' }],
    ['s3://my.bucket/', { kind: 's3', bucket: 'my.bucket', prefix: '' }],
    ['s3p://bucket/a/b c/', { kind: 's3', bucket: 'bucket', prefix: 'a/b c' }],
    ['s3a://bucket//a', { kind: 's3', bucket: 'bucket', prefix: 'a' }],
    ['nats-objects:dev_1', { kind: 'nats', bucket: 'dev_1', prefix: '' }],
  ])('when the URI is %s, it leads there', (uri, place) => {
    expect(parseSnapshotUri(uri)).toEqual(place);
  });

  it.each([
    'checkpoints',
    './checkpoints',
    '',
    'file://host/share',
    's3://',
    's3:bucket',
    's3://bucket/a/../b',
    's3://bucket/a//b',
    's3://bucket/..',
    'nats-objects:',
    'nats-objects:a.b',
    'hdfs://namenode/flink',
    'gs://bucket/a',
  ])('when the URI is %j, it is refused and the allowed ones are named', (uri) => {
    expect(() => parseSnapshotUri(uri)).toThrow(ConfigurationError);
    expect(() => parseSnapshotUri(uri)).toThrow(/file:\/\/\/directory.*s3:\/\/bucket\/prefix/);
  });
});

describe('opening a snapshot store', () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'millrace-open-'));
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  it('when the URI is of a file system, a store is opened there', async () => {
    const store = await openSnapshotStore(`file://${directory}/a`, options);
    await store.createExclusive('b/1', new TextEncoder().encode('x'));
    expect(await readFile(join(directory, 'a/b/1'), 'utf8')).toBe('x');
    expect((await openSnapshotStore(`${directory}/a`, options)).location).toBe(`file://${directory}/a`);
  });

  it('when the cluster has no NATS, an object store is refused', async () => {
    await expect(openSnapshotStore('nats-objects:dev', options)).rejects.toThrow(ConfigurationError);
  });

  it('when roots are given, places outside them are refused before anything is touched', async () => {
    await mkdir(join(directory, 'savepoints'));
    await mkdir(join(directory, 'secret'));
    await symlink(join(directory, 'secret'), join(directory, 'savepoints/link'));
    const allowedRoots = [`file://${directory}/savepoints`, 's3://bucket/a', 'nats-objects:dev'];
    const open = (uri: string): Promise<unknown> => openSnapshotStore(uri, { ...options, allowedRoots });
    for (const uri of [
      directory,
      `${directory}/savepoints-2`,
      `${directory}/savepoints/../secret`,
      `${directory}/savepoints/link`,
      `${directory}/savepoints/link/new/deep`,
      's3://bucket/ab',
      's3://bucket',
      's3://other/a',
      'nats-objects:other',
    ]) {
      await expect(open(uri), uri).rejects.toThrow(UserError);
      await expect(open(uri), uri).rejects.toThrow(/outside the allowed roots \(.*s3:\/\/bucket\/a/);
    }
    expect(await readdir(join(directory, 'secret'))).toEqual([]);
    await open(`${directory}/savepoints`);
    await open(`${directory}/savepoints/new/deep`);
    await expect(openSnapshotStore(directory, { ...options, allowedRoots: [] })).rejects.toThrow(/none/);
  });

  it('when no S3 store is opened, the AWS SDK is not loaded', async () => {
    const module = fileURLToPath(new URL('open-snapshot-store.ts', import.meta.url));
    const script = `
      import { registerHooks } from 'node:module';
      const loaded = [];
      registerHooks({ load: (url, context, next) => (loaded.push(url), next(url, context)) });
      await import(${JSON.stringify(module)});
      console.log(loaded.filter((url) => url.includes('@aws-sdk')).length, loaded.length > 5);`;
    const run = promisify(execFile);
    const { stdout } = await run(process.execPath, ['--input-type=module', '-e', script]);
    expect(stdout.trim()).toBe('0 true');
  });
});
