import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { UserError } from '../../src/base/errors.ts';
import type { Configuration } from '../../src/config/configuration.ts';
import type { OperatorFactory } from '../../src/dataplane/chain/operator.ts';
import { buildExecutionGraph } from '../../src/graph/execution-graph.ts';
import type { JobGraph } from '../../src/graph/job-graph.ts';
import type { GeneratedJob } from '../../src/graph/job-graph-generator.ts';
import { bundleJob } from './adapters/bundle-job.ts';
import type { BundledJob } from './adapters/bundle-job.ts';
import { buildJob } from './adapters/load-module.ts';

/** A job that is fit to be submitted: bundled, and its graph built once to find what is wrong with it. */
export interface PreparedJob {
  readonly bundle: BundledJob;
  readonly jobGraph: JobGraph;
  /** The operators of each vertex. */
  readonly plans: GeneratedJob<OperatorFactory>['plans'];
  /** Execution mode BATCH. */
  readonly batch: boolean;
  /** Slots it needs to run. */
  readonly slots: number;
}

/** Path of a module given as text or `file:` URL. @throws UserError for other URLs. */
export function modulePath(module: URL | string): string {
  const text = String(module);
  if (module instanceof URL || text.startsWith('file:')) {
    if (!text.startsWith('file:'))
      throw new UserError(`module ${text}: only files and file: URLs can be submitted`);
    return fileURLToPath(text);
  }
  return text;
}

/**
 * Bundles a module and builds its graph under a configuration.
 * @param exportName which export is the job; default: the module's default export
 * @throws UserError naming the file, line and what is wrong.
 */
export async function prepareJob(
  module: URL | string,
  configuration: Configuration,
  exportName?: string,
): Promise<PreparedJob> {
  const path = modulePath(module);
  const bundle = await bundleJob(path, exportName);
  const directory = await mkdtemp(join(tmpdir(), 'millrace-job-'));
  try {
    const file = join(directory, `${bundle.sha256}.mjs`);
    await writeFile(file, bundle.source);
    const built: GeneratedJob<OperatorFactory> = await buildJob(file, configuration.toRecord(), path);
    const { jobGraph, plans, batch = false } = built;
    return { bundle, jobGraph, plans, batch, slots: buildExecutionGraph(jobGraph).slots.length };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
