import { setTimeout as pause } from 'node:timers/promises';
import v8 from 'node:v8';
import type { Worker } from 'node:worker_threads';
import { UserError } from '../../../src/base/errors.ts';
import type { CpuProfile } from './cpu-profile.ts';
import type { HeapProfile } from './heap-profile.ts';

/** A thread that V8's profilers can sample while it works. */
export interface ProfiledThread {
  /** @throws UserError where this version of Node.js cannot */
  sampleCpu(ms: number): Promise<CpuProfile>;
  /** What is allocated meanwhile and lives at the end. @throws UserError where this version of Node.js cannot */
  sampleHeap(ms: number): Promise<HeapProfile>;
}

/** A worker thread, sampled from the thread that started it. */
export function profiledWorker(worker: Worker): ProfiledThread {
  return {
    sampleCpu: (ms) => sample(() => worker.startCpuProfile(), 'startCpuProfile' in worker, ms, '24.8'),
    sampleHeap: (ms) => sample(() => worker.startHeapProfile(), 'startHeapProfile' in worker, ms, '24.9'),
  };
}

/** The thread that this runs in. */
export const ownThread: ProfiledThread = {
  sampleCpu: (ms) => sample(() => v8.startCpuProfile(), 'startCpuProfile' in v8, ms, '25.0'),
  sampleHeap: (ms) => sample(() => v8.startHeapProfile(), 'startHeapProfile' in v8, ms, '26.1'),
};

interface Sampling {
  stop(): string | Promise<string>;
}

async function sample<T>(
  start: () => Sampling | Promise<Sampling>,
  isThere: boolean,
  ms: number,
  since: string,
): Promise<T> {
  if (!isThere)
    throw new UserError(
      `this thread can be profiled with Node.js from ${since} on, this is ${process.version}`,
    );
  const sampling = await start();
  // A node that ends does not wait for it.
  await pause(ms, undefined, { ref: false });
  return JSON.parse(await sampling.stop()) as T;
}
