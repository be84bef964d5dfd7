import { mkdir, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { JobId } from '../../../src/base/ids.ts';
import { Configuration } from '../../../src/config/configuration.ts';
import { OPTIONS } from '../../../src/config/options.ts';
import type { Random } from '../../../src/ports/random.ts';
import type { ArtifactStore } from '../../../src/ports/stores.ts';
import { RestError, jarNotFound } from '../../../src/rest/errors.ts';
import type { JarOptions, JarStore } from '../../../src/rest/gateway.ts';
import type { Planned } from '../../../src/rest/plan-json.ts';
import type { ClusterClient } from '../../client/cluster-client.ts';
import { jobArguments } from '../job-arguments.ts';
import { prepareJob } from '../prepare-job.ts';
import type { PreparedJob } from '../prepare-job.ts';
import { unpack } from './archive.ts';

export interface UploadedJarsOptions {
  /** Exists, and is the store's alone. */
  readonly directory: string;
  /** The cluster's; a job's own goes over it. */
  readonly configuration: Configuration;
  readonly client: ClusterClient;
  readonly artifacts: ArtifactStore;
  readonly random: Random;
}

interface Jar {
  readonly id: string;
  readonly name: string;
  readonly uploaded: number;
  readonly entry: string;
}

/** Uploaded modules, each in a folder of the server's naming; found by looking among them. */
export class UploadedJars implements JarStore {
  readonly #options: UploadedJarsOptions;
  readonly #jars = new Map<string, Jar>();

  private constructor(options: UploadedJarsOptions) {
    this.#options = options;
  }

  /** Takes over what an earlier JobManager left in the folder. */
  static async open(options: UploadedJarsOptions): Promise<UploadedJars> {
    const jars = new UploadedJars(options);
    const { directory } = options;
    await mkdir(directory, { recursive: true });
    for (const id of await readdir(directory)) {
      if (!ID.test(id)) continue;
      const entry = await entryIn(join(directory, id));
      const { mtimeMs } = await stat(join(directory, id));
      if (entry !== undefined)
        jars.#jars.set(id, { id, name: id.slice(ID_PREFIX), uploaded: Math.round(mtimeMs), entry });
    }
    return jars;
  }

  list(): ReturnType<JarStore['list']> {
    return Promise.resolve([...this.#jars.values()].toSorted((a, b) => b.uploaded - a.uploaded));
  }

  async add(file: { readonly name: string; readonly path: string }): Promise<string> {
    const name = basename(file.name.replaceAll('\\', '/')).replaceAll(/[^A-Za-z0-9._-]/g, '_');
    if (!/^[A-Za-z0-9_-].*\.(jar|ts|mts|js|mjs|tgz|zip)$/.test(name) || name.length > 150)
      throw new RestError(400, 'Only .jar, .ts, .mts, .js, .mjs, .tgz and .zip files are taken.');
    const hex = this.#options.random.hex(16);
    const id = `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}_${name}`;
    const folder = join(this.#options.directory, id);
    await mkdir(folder);
    try {
      const entry = await unpack(file.path, name, join(folder, 'content'));
      await writeFile(join(folder, ENTRY), entry.slice(folder.length + 1));
      const { mtimeMs } = await stat(folder);
      this.#jars.set(id, { id, name, uploaded: Math.round(mtimeMs), entry });
      return id;
    } catch (error) {
      await rm(folder, { recursive: true, force: true });
      throw error;
    }
  }

  async remove(id: string): Promise<void> {
    const { id: known } = this.#of(id);
    this.#jars.delete(known);
    await rm(join(this.#options.directory, known), { recursive: true, force: true });
  }

  async plan(id: string, options: JarOptions): Promise<Planned> {
    const { jobGraph, batch } = await this.#prepare(id, options);
    return {
      jobId: '0'.repeat(32) as JobId,
      name: jobGraph.name,
      batch,
      vertices: jobGraph.vertices.map((vertex) => ({
        ...vertex,
        operators: [...vertex.operators],
        vertexId: vertex.id,
        subtasks: [],
      })),
      edges: [...jobGraph.edges],
    };
  }

  async run(id: string, options: JarOptions): Promise<JobId> {
    const { client, artifacts } = this.#options;
    const { bundle } = await this.#prepare(id, options);
    const sha256 = await artifacts.put(bundle.source);
    const jobId = (options.jobId ?? client.newJobId()) as JobId;
    const configuration = this.#configurationOf(options).toRecord();
    return (await client.submit({ jobId, module: { sha256 }, configuration })).jobId;
  }

  #prepare(id: string, options: JarOptions): Promise<PreparedJob> {
    const configuration = this.#options.configuration.with(this.#configurationOf(options));
    return prepareJob(this.#of(id).entry, configuration, options.entryClass);
  }

  #configurationOf({ configuration, parallelism, programArguments }: JarOptions): Configuration {
    const pairs = jobArguments(programArguments).map((pair): [string, string] => {
      const equals = pair.indexOf('=');
      return [pair.slice(0, equals), pair.slice(equals + 1)];
    });
    const width: [string, string][] =
      parallelism === undefined ? [] : [[OPTIONS.parallelism.key, String(parallelism)]];
    return Configuration.of([...Object.entries(configuration), ...width, ...pairs]);
  }

  #of(id: string): Jar {
    const jar = this.#jars.get(id);
    if (jar === undefined) throw jarNotFound(id);
    return jar;
  }
}

/** A uuid and `_`, before the name under which it was uploaded. */
const ID_PREFIX = 37;
const ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}_[A-Za-z0-9._-]+$/;
const ENTRY = 'entry';

async function entryIn(folder: string): Promise<string | undefined> {
  const entry = await readFile(join(folder, ENTRY), 'utf8').catch(() => undefined);
  return entry === undefined ? undefined : join(folder, entry);
}
