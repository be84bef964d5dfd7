import { createHash } from 'node:crypto';
import { access } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { build } from 'esbuild';
import type { BuildFailure, BuildOptions, Message } from 'esbuild';
import { UserError } from '../../../src/base/errors.ts';

/** A job's module with its dependencies, as one file. */
export interface BundledJob {
  readonly source: Uint8Array;
  readonly sha256: string;
  /** Absolute path of the module that was bundled. */
  readonly path: string;
}

/**
 * Bundles a job's module and all it imports, but for `millrace` itself, which every node has. esbuild: the bundler most used,
 * fast, prebuilt in its registry packages, with source maps that keep the user's files and lines in errors.
 * @param exportName which export is the job; default: the module's default export
 * @throws UserError naming the file, and the line of a syntax error or an import that is not found.
 */
export async function bundleJob(modulePath: string, exportName?: string): Promise<BundledJob> {
  const path = resolve(modulePath);
  await access(path).catch((error: unknown) => {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    if (missing) throw new UserError(`there is no module ${modulePath} (looked for ${path})`);
    throw new UserError(`module ${path} cannot be read`, { cause: error });
  });
  try {
    const result = await build({
      ...entryOf(path, exportName),
      bundle: true,
      write: false,
      format: 'esm',
      platform: 'node',
      target: 'node24',
      external: ['millrace', 'millrace/*'],
      sourcemap: 'inline',
      sourcesContent: false,
      sourceRoot: '/',
      // The file's folder decides relative names in source maps: absolute ones hold wherever the bundle is written.
      outfile: '/job.mjs',
      banner: { js: REQUIRE },
      keepNames: true,
      logLevel: 'silent',
      legalComments: 'none',
    });
    const source = result.outputFiles[0]?.contents ?? new Uint8Array();
    return { source, sha256: createHash('sha256').update(source).digest('hex'), path };
  } catch (error) {
    const { errors } = error as BuildFailure;
    if (exportName !== undefined && errors?.some(({ text }) => text.startsWith('No matching export')))
      throw new UserError(`module ${modulePath} has no export "${exportName}"`);
    throw new UserError(`module ${modulePath} cannot be bundled: ${describe(errors)}`, {
      cause: error,
    });
  }
}

/** The module itself, or one that makes the named export the default one. */
function entryOf(path: string, exportName: string | undefined): BuildOptions {
  if (exportName === undefined) return { entryPoints: [path] };
  const contents = `export { ${JSON.stringify(exportName)} as default } from ${JSON.stringify(path)};`;
  return { stdin: { contents, resolveDir: dirname(path), sourcefile: `-c ${exportName}` } };
}

/** CommonJS dependencies inside an ESM bundle call `require` for Node's own modules. */
const REQUIRE =
  "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);";

function describe(errors: readonly Message[] | undefined): string {
  if (errors === undefined || errors.length === 0) return 'unknown error';
  return errors
    .slice(0, 5)
    .map(({ text, location }) =>
      location === null ? text : `${location.file}:${location.line}:${location.column}: ${text}`,
    )
    .join('; ');
}
