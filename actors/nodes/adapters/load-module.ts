import { registerHooks } from 'node:module';
import { pathToFileURL } from 'node:url';
import { compileJob } from '../../../src/api/compile.ts';
import { isJobDefinition } from '../../../src/api/job.ts';
import type { JobDefinition } from '../../../src/api/job.ts';
import { MillraceError, UserError } from '../../../src/base/errors.ts';
import { Configuration } from '../../../src/config/configuration.ts';
import { compileSettings } from '../../../src/config/settings.ts';
import type { OperatorFactory } from '../../../src/dataplane/chain/operator.ts';
import type { GeneratedJob } from '../../../src/graph/job-graph-generator.ts';
import type { JobLoader } from '../../messaging/job-loader.ts';
import { userFrame } from './user-frame.ts';

let loads = 0;
let hooked = false;

/**
 * A bundled module imports `millrace` from wherever it was written to: it gets the one that runs it, so that there is one
 * copy of every class.
 */
function resolveOwnPackage(): void {
  if (hooked) return;
  hooked = true;
  registerHooks({
    resolve: (specifier, context, next) =>
      specifier === 'millrace' || specifier.startsWith('millrace/')
        ? next(specifier, { ...context, parentURL: import.meta.url })
        : next(specifier, context),
  });
}

/**
 * The job that a bundled module exports. Every call evaluates the module anew, so that attempts share no state.
 * @throws UserError naming what is wrong, and where in the user's own file.
 */
export async function loadJobModule(path: string, label = path): Promise<JobDefinition> {
  resolveOwnPackage();
  process.setSourceMapsEnabled(true);
  let module: Readonly<Record<string, unknown>>;
  try {
    module = (await import(`${pathToFileURL(path).href}?load=${loads++}`)) as Record<string, unknown>;
  } catch (error) {
    throw new UserError(`module ${label} could not be loaded${userFrame(error)}: ${messageOf(error)}`, {
      cause: error,
    });
  }
  const { default: exported } = module;
  if (isJobDefinition(exported)) return exported;
  const named = Object.keys(module).filter((name) => isJobDefinition(module[name]));
  throw new UserError(
    `module ${label} does not export a job: it needs "export default defineJob('name', (env) => { ... })"` +
      (exported === undefined ? '' : `, its default export is ${typeof exported}`) +
      (named.length === 0
        ? ''
        : `; it exports jobs under other names, choose one with -c: ${named.join(', ')}`),
  );
}

/** Loads a module and builds its graph under a configuration. */
export async function buildJob(
  path: string,
  configuration: Readonly<Record<string, string>>,
  label?: string,
): Promise<GeneratedJob<OperatorFactory>> {
  const definition = await loadJobModule(path, label);
  try {
    return await compileJob(definition, compileSettings(Configuration.of(Object.entries(configuration))));
  } catch (error) {
    const frame = userFrame(
      error instanceof MillraceError && error.cause !== undefined ? error.cause : error,
    );
    if (frame === '' || !(error instanceof Error)) throw error;
    throw new UserError(`${error.message}${frame}`, { cause: error });
  }
}

/** Loads jobs from local files of their modules. */
export class ModuleJobLoader implements JobLoader {
  readonly #pathOf: (sha256: string) => Promise<string>;

  constructor(pathOf: (sha256: string) => Promise<string>) {
    this.#pathOf = pathOf;
  }

  async load(
    moduleSha256: string,
    configuration: Readonly<Record<string, string>>,
  ): Promise<GeneratedJob<OperatorFactory>> {
    return buildJob(await this.#pathOf(moduleSha256), configuration);
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
