import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join, normalize } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { unzipSync } from 'fflate';
import { parseTar } from 'nanotar';
import { ARCHIVE_BYTES, ARCHIVE_FILES } from '../../../src/base/limits.ts';
import { RestError } from '../../../src/rest/errors.ts';

type Files = ReadonlyMap<string, Uint8Array>;

/**
 * Unpacks what was uploaded into a folder: a module as it is, or a zip or tar.gz that holds one; told apart by their
 * first bytes, as clients of Flink call everything .jar.
 * @returns the path of the module that has the job
 * @throws RestError 400 for links, names that lead out of the folder, and more than `ARCHIVE_BYTES` or `ARCHIVE_FILES`
 */
export async function unpack(file: string, name: string, folder: string): Promise<string> {
  const content = await readFile(file);
  const files = filesOf(content, name);
  for (const [path, bytes] of files) {
    const target = join(folder, path);
    await mkdir(dirname(target), { recursive: true });
    await writeFile(target, bytes, { flag: 'wx' });
  }
  return join(folder, entryOf(files));
}

function filesOf(content: Buffer, name: string): Files {
  if (content.length === 0) throw new RestError(400, 'The file is empty.');
  if (content.readUInt16BE(0) === 0x1f8b) return checked(untar(content));
  if (content.subarray(0, 4).toString('latin1') === 'PK\u0003\u0004') return checked(unzip(content));
  if (content.includes(0)) throw new RestError(400, 'The file is no module, zip or tar.gz.');
  return new Map([
    [
      /\.(ts|mts|js|mjs)$/.exec(name) === null ? 'job.mjs' : `job${name.slice(name.lastIndexOf('.'))}`,
      content,
    ],
  ]);
}

function unzip(content: Buffer): [string, Uint8Array][] {
  let total = 0;
  try {
    const files = unzipSync(content, {
      filter: ({ originalSize, name }) => {
        total += originalSize;
        if (total > ARCHIVE_BYTES) throw tooLarge();
        return !name.endsWith('/');
      },
    });
    return Object.entries(files);
  } catch (error) {
    throw error instanceof RestError ? error : broken(error);
  }
}

function untar(content: Buffer): [string, Uint8Array][] {
  try {
    // A copy of its own: the parser takes the whole memory behind what it gets.
    const entries = parseTar(new Uint8Array(gunzipSync(content, { maxOutputLength: ARCHIVE_BYTES })));
    return entries.flatMap(({ name, type, data }): [string, Uint8Array][] => {
      if (type === 'directory' || name.endsWith('/')) return [];
      if (type !== 'file' && type !== undefined)
        throw new RestError(400, `The archive has something else than files: ${shown(name)}`);
      return [[name, data ?? new Uint8Array()]];
    });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge();
    throw error instanceof RestError ? error : broken(error);
  }
}

function checked(entries: readonly [string, Uint8Array][]): Files {
  if (entries.length > ARCHIVE_FILES) throw tooLarge();
  const files = new Map<string, Uint8Array>();
  for (const [name, bytes] of entries) {
    const path = normalize(name);
    const leadsOut = path.startsWith('/') || path.startsWith('..') || /^[a-z]:|[\\\0]/i.test(path);
    if (leadsOut || name.length > 500)
      throw new RestError(400, `The archive has a name that leads out of it: ${shown(name)}`);
    if (files.has(path)) throw new RestError(400, `The archive has a name twice: ${shown(name)}`);
    files.set(path, bytes);
  }
  return files;
}

const USUAL = ['index', 'job', 'main'].flatMap((stem) =>
  ['ts', 'mts', 'js', 'mjs'].map((end) => `${stem}.${end}`),
);

/** As `package.json` says, or by its usual names; npm packs everything into a folder `package`. */
function entryOf(files: Files): string {
  for (const root of ['', 'package/']) {
    const manifest = files.get(`${root}package.json`);
    const main = manifest === undefined ? undefined : mainOf(manifest);
    const candidates = main === undefined ? USUAL : [main, ...USUAL];
    const found = candidates.map((name) => normalize(`${root}${name}`)).find((name) => files.has(name));
    if (found !== undefined) return found;
  }
  const [only, ...more] = [...files.keys()].filter((name) => /\.(ts|mts|js|mjs)$/.test(name));
  if (only !== undefined && more.length === 0) return only;
  throw new RestError(
    400,
    'The archive has no module that could be the job: name it in "main" of its package.json, or index.ts.',
  );
}

function mainOf(manifest: Uint8Array): string | undefined {
  try {
    const { main } = JSON.parse(new TextDecoder().decode(manifest)) as { readonly main?: unknown };
    return typeof main === 'string' ? main : undefined;
  } catch {
    throw new RestError(400, 'The package.json of the archive is no JSON.');
  }
}

function shown(name: string): string {
  return JSON.stringify(name.slice(0, 100));
}

function tooLarge(): RestError {
  return new RestError(
    413,
    `The archive unpacks to more than ${ARCHIVE_BYTES / 1024 ** 2} MB or ${ARCHIVE_FILES} files.`,
  );
}

function broken(cause: unknown): RestError {
  return new RestError(400, 'The archive cannot be read: it is damaged.', { cause });
}
