import { describe, expect, it } from 'vitest';
import type { JobId } from '../../../src/base/ids.ts';
import { Configuration } from '../../../src/config/configuration.ts';
import { taskManagerMemory } from '../../../src/config/memory-model.ts';
import { OPTIONS } from '../../../src/config/options.ts';
import { effectiveConfiguration, jobExchange } from './task-manager-resources.ts';

const MEMORY = taskManagerMemory(Configuration.EMPTY, 1024 ** 3);

const jobWith = (configuration: Record<string, string>) => ({
  jobId: 'job' as JobId,
  jobName: 'test',
  graphHash: '',
  checkpointsUri: 'memory:',
  periodicCheckpoints: false,
  moduleSha256: '',
  configuration,
});

describe('what a TaskManager brings to a job', () => {
  const resources = {
    configuration: {
      'taskmanager.numberOfTaskSlots': '4',
      'taskmanager.network.compression.codec': 'LZ4',
      'taskmanager.memory.segment-size': '64kb',
      'taskmanager.memory.network.max': '8mb',
      'execution.buffer-timeout.interval': '7 ms',
    },
    memory: { ...MEMORY, network: 8 * 1024 ** 2 },
  };

  it('when the job sets nothing, then the configuration of the TaskManager holds', () => {
    const job = jobWith({});
    expect(effectiveConfiguration(resources, job).get(OPTIONS.bufferTimeout)).toBe(7);
    expect(jobExchange(resources, job)).toMatchObject({
      compression: 'lz4',
      frameBytes: 64 * 1024,
      networkSlotFrames: 16,
      ringsPerTaskBytes: 1024 ** 2,
    });
  });

  it('when the job sets a key, then it wins, but slots are counted as the TaskManager has them', () => {
    const job = jobWith({
      'taskmanager.network.shuffle.compression.codec': 'none',
      'taskmanager.numberOfTaskSlots': '1',
    });
    expect(jobExchange(resources, job)).toMatchObject({ compression: 'none', networkSlotFrames: 16 });
  });

  it('when the job sets the share of the network, then that is taken of the memory of the TaskManager', () => {
    const job = jobWith({ 'taskmanager.network.memory.max': '4mb' });
    expect(jobExchange(resources, job)).toMatchObject({ networkSlotFrames: 8 });
  });
});
