import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { Configuration } from '../../../src/config/configuration.ts';
import type { LogFields, Logger } from '../../../src/ports/logger.ts';
import { jobManagerFlags, ownHeapBytes, reportJobManagerMemory } from './job-manager-heap.ts';
import { SilentLogger } from './silent-logger.ts';

const MB = 1024 ** 2;
const SIZED = Configuration.of([['jobmanager.memory.process.size', '1600 mb']]);

type Line = readonly [level: string, message: string, fields: LogFields | undefined];

function reported(configuration: Configuration, limitBytes?: number): Line[] {
  const lines: Line[] = [];
  const logger: Logger = Object.assign(new SilentLogger(), {
    info: (message: string, fields?: LogFields) => lines.push(['info', message, fields]),
    warn: (message: string, fields?: LogFields) => lines.push(['warn', message, fields]),
  });
  reportJobManagerMemory(configuration, logger, limitBytes);
  return lines;
}

describe('the heap of a JobManager', () => {
  it('when nothing sizes it, then V8 is left alone, and the parts are told by its own limit', () => {
    expect(jobManagerFlags(Configuration.EMPTY)).toEqual([]);
    expect(reported(Configuration.EMPTY)).toEqual([
      ['info', 'memory, in MB', expect.objectContaining({ heap: Math.round(ownHeapBytes() / MB) })],
    ]);
  });

  it('when a size is configured, then a process with its flags has that limit', () => {
    const flags = jobManagerFlags(SIZED);
    expect(flags).toEqual(['--max-heap-size=1024']);
    const print = 'process.stdout.write(String(require("node:v8").getHeapStatistics().heap_size_limit))';
    const limit = Number(execFileSync(process.execPath, [...flags, '-e', print], { encoding: 'utf8' }));
    expect(Math.abs(limit - 1_024 * MB)).toBeLessThanOrEqual(MB);
    expect(reported(SIZED, limit).map(([level]) => level)).toEqual(['info']);
    const environment = { ...process.env, NODE_OPTIONS: flags.join(' ') };
    const byEnvironment = execFileSync(process.execPath, ['-e', print], {
      encoding: 'utf8',
      env: environment,
    });
    expect(Number(byEnvironment)).toBe(limit);
  });

  it('when the process has another limit than is configured, then a warning says how to start it', () => {
    expect(reported(SIZED, 4_096 * MB)).toEqual([
      [
        'info',
        'memory, in MB',
        { process: 1_600, flink: 1_152, heap: 1_024, offHeap: 128, metaspace: 256, overhead: 192 },
      ],
      [
        'warn',
        expect.stringContaining('jobmanager.memory'),
        {
          limit: 4_096,
          configured: 1_024,
          cure: expect.stringContaining('NODE_OPTIONS=--max-heap-size=1024'),
        },
      ],
    ]);
  });
});
