import { mkdir, open, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { UserError } from '../../../src/base/errors.ts';
import { PROFILE_BYTES_MAX } from '../../../src/base/limits.ts';
import type { Configuration } from '../../../src/config/configuration.ts';
import { OPTIONS } from '../../../src/config/options.ts';
import type { ProfileInfo, ProfileMode } from '../../../src/ports/node-view.ts';
import type { ProfiledThread } from './profiled-thread.ts';
import { speedscope } from './speedscope.ts';
import type { ThreadProfile } from './speedscope.ts';

/** `rest.profiling.*` */
export interface ProfileSettings {
  readonly enabled: boolean;
  readonly maxDurationMs: number;
  readonly historySize: number;
}

export function profileSettings(configuration: Configuration): ProfileSettings {
  return {
    enabled: configuration.get(OPTIONS.profilingEnabled),
    maxDurationMs: configuration.get(OPTIONS.profilingMaxDuration),
    historySize: configuration.get(OPTIONS.profilingHistorySize),
  };
}

export interface NamedThread {
  readonly name: string;
  readonly profiled: ProfiledThread;
}

interface Profile {
  info: ProfileInfo;
}

/** Profiles of one process, each a file; only the newest are kept. */
export class ProfileArchive {
  readonly #settings: ProfileSettings;
  readonly #directory: string;
  readonly #threads: () => readonly NamedThread[];
  /** Newest first. */
  #profiles: Profile[] = [];

  /** @param directory made when it is needed */
  constructor(settings: ProfileSettings, directory: string, threads: () => readonly NamedThread[]) {
    this.#settings = settings;
    this.#directory = directory;
    this.#threads = threads;
  }

  list(): readonly ProfileInfo[] {
    return this.#profiles.map(({ info }) => info);
  }

  /** @throws UserError */
  start(mode: ProfileMode, durationMs: number): ProfileInfo {
    const { enabled, maxDurationMs } = this.#settings;
    if (!enabled) throw new UserError(`profiling is off: set ${OPTIONS.profilingEnabled.key} to true`);
    if (durationMs > maxDurationMs)
      throw new UserError(
        `a profile takes ${maxDurationMs} ms at most (${OPTIONS.profilingMaxDuration.key}), ${durationMs} ms were asked for`,
      );
    if (this.#profiles.some(({ info }) => info.status === 'RUNNING'))
      throw new UserError('a profile is under way: wait until it is finished');
    const triggerTime = Date.now();
    const info: ProfileInfo = { status: 'RUNNING', mode, triggerTime, durationMs, message: 'under way' };
    const profile: Profile = { info };
    this.#profiles.unshift(profile);
    void this.#take(profile);
    return info;
  }

  /** Names are looked up among those that there are. */
  async read(
    name: string,
    { from, bytes } = { from: 0, bytes: PROFILE_BYTES_MAX },
  ): Promise<Uint8Array | undefined> {
    const outputFile = this.#profiles.find(({ info }) => info.outputFile === name)?.info.outputFile;
    if (outputFile === undefined) return undefined;
    const file = await open(join(this.#directory, outputFile));
    try {
      const { size } = await file.stat();
      const part = Buffer.alloc(Math.max(0, Math.min(bytes, size - from)));
      const { bytesRead } = await file.read(part, 0, part.length, from);
      return part.subarray(0, bytesRead);
    } finally {
      await file.close();
    }
  }

  async #take(profile: Profile): Promise<void> {
    const { mode, triggerTime } = profile.info;
    const outputFile = `profile-${mode.toLowerCase()}-${triggerTime}.speedscope.json`;
    try {
      const content = Buffer.from(speedscope(outputFile, await this.#sample(profile.info)));
      if (content.length > PROFILE_BYTES_MAX)
        throw new UserError(
          `the profile has ${content.length} bytes, ${PROFILE_BYTES_MAX} can be shown: take a shorter one`,
        );
      await mkdir(this.#directory, { recursive: true });
      await writeFile(join(this.#directory, outputFile), content);
      const message = 'open it with https://www.speedscope.app';
      profile.info = { ...profile.info, status: 'FINISHED', finishedTime: Date.now(), message, outputFile };
    } catch (error) {
      const { message } = error as Error;
      profile.info = { ...profile.info, status: 'FAILED', finishedTime: Date.now(), message };
    }
    await this.#forgetOld();
  }

  /** A thread that ends meanwhile is left out; where none can be profiled, the reason of the first is told. */
  async #sample({ mode, durationMs }: ProfileInfo): Promise<readonly ThreadProfile[]> {
    const settled = await Promise.allSettled(
      this.#threads().map(async ({ name, profiled }): Promise<ThreadProfile> =>
        mode === 'ALLOC'
          ? { name, heap: await profiled.sampleHeap(durationMs) }
          : { name, cpu: await profiled.sampleCpu(durationMs) },
      ),
    );
    const taken = settled.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
    const failed = settled.find((result) => result.status === 'rejected');
    if (taken.length === 0 && failed !== undefined) throw failed.reason;
    return taken;
  }

  async #forgetOld(): Promise<void> {
    const old = this.#profiles.slice(this.#settings.historySize);
    this.#profiles = this.#profiles.slice(0, this.#settings.historySize);
    for (const { info } of old)
      if (info.outputFile !== undefined) await rm(join(this.#directory, info.outputFile), { force: true });
  }
}
