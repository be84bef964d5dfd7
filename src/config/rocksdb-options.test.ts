import { describe, expect, it } from 'vitest';
import { Configuration } from './configuration.ts';
import { rocksDbSettings } from './settings.ts';

const of = (entries: Readonly<Record<string, string>>): Configuration =>
  Configuration.of(Object.entries(entries));

describe('the options of the RocksDB state backend', () => {
  it('when the backend is hashmap, by whatever name, then there is no database', () => {
    for (const type of ['hashmap', 'memory', 'JobManager'])
      expect(rocksDbSettings(of({ 'state.backend': type }), 0)).toBeUndefined();
    expect(rocksDbSettings(Configuration.EMPTY, 0)).toBeUndefined();
  });

  it('when the backend is forst, by whatever name, then its databases go where its own key says, or that of RocksDB', () => {
    for (const type of ['forst', 'disaggregated', 'filesystem']) {
      const rocksDb = { 'state.backend': type, 'state.backend.rocksdb.localdir': '/r' };
      const own = { ...rocksDb, 'state.backend.forst.cache.dir': '/f' };
      expect([rocksDb, own].map((set) => rocksDbSettings(of(set), 0)?.directory)).toEqual(['/r', '/f']);
    }
  });

  it("when keys are given, also by Flink's older names, then the database gets them in bytes", () => {
    const settings = rocksDbSettings(
      of({
        'state.backend': 'rocksdb',
        'state.backend.rocksdb.block.cache.size': '32 mb',
        'state.backend.rocksdb.writebuffer.size': '8 mb',
        'state.backend.rocksdb.use-bloom-filter': 'false',
        'state.backend.rocksdb.thread.num': '3',
        'state.backend.rocksdb.compression.per.level': 'ZSTD_COMPRESSION',
        'state.backend.rocksdb.compaction.style': 'LEVEL',
      }),
      0,
    );
    expect(settings).toEqual({
      directory: undefined,
      workingSetBytes: 64 * 1024 ** 2,
      blockCacheBytes: 32 * 1024 ** 2,
      blockBytes: 4_096,
      writeBufferBytes: 8 * 1024 ** 2,
      bloomBitsPerKey: 0,
      compaction: 'level',
      compression: 'zstd',
      threads: 3,
    });
  });

  it('when there are several folders, then subtasks take them in turn, and the own ones win', () => {
    const both = of({
      'state.backend.type': 'rocksdb',
      'io.tmp.dirs': '/a, /b',
      'state.backend.rocksdb.localdir': '/c,/d',
    });
    const tmp = of({ 'state.backend.type': 'rocksdb', 'io.tmp.dirs': '/a, /b,' });
    expect([0, 1, 2].map((index) => rocksDbSettings(both, index)?.directory)).toEqual(['/c', '/d', '/c']);
    expect([0, 1, 2].map((index) => rocksDbSettings(tmp, index)?.directory)).toEqual(['/a', '/b', '/a']);
  });

  it.each([
    ['state.backend.forst.cache.reserve-size', '10 gb', 'local disks are not watched'],
    ['state.backend.forst.primary-dir', 's3://state', 'execution.checkpointing.dir'],
    ['state.backend.rocksdb.memory.managed', 'true', 'bound each subtask by'],
    ['state.backend.rocksdb.compression.per.level', 'LZ4_COMPRESSION', 'SNAPPY and ZSTD only'],
    ['state.backend.rocksdb.timer-service.factory', 'ROCKSDB', 'their queue is on the heap'],
    ['state.backend.rocksdb.block.cache-size', '8 gb', 'is not at most'],
  ])('when %s is %s, then it is refused with the reason', (key, value, reason) => {
    expect(() => of({ [key]: value })).toThrow(reason);
  });
});
