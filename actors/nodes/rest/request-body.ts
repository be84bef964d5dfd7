import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { FastifyRequest } from 'fastify';
import { REST_BODY_DEPTH } from '../../../src/base/limits.ts';
import { RestError } from '../../../src/rest/errors.ts';
import type { Route, UploadedFile } from '../../../src/rest/route.ts';

/** The JSON of a body, where the route wants one. No body is undefined. @throws RestError 400 */
export function readBody({ body, headers }: FastifyRequest, { body: schema, path }: Route): unknown {
  if (schema === undefined) return undefined;
  if (headers['content-type']?.startsWith('multipart/') === true)
    throw new RestError(400, 'File uploads not allowed.');
  const bytes = Buffer.isBuffer(body) ? body : Buffer.alloc(0);
  if (bytes.length === 0) return undefined;
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    checkDepth(text);
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof RestError) throw error;
    throw new RestError(400, `Request did not match expected format of ${path}: it is no JSON in UTF-8.`);
  }
}

/** Deep values exhaust the stack of whoever walks them. */
function checkDepth(text: string): void {
  let depth = 0;
  let quoted = false;
  for (let i = 0; i < text.length; i += 1) {
    const letter = text.charCodeAt(i);
    if (quoted) {
      if (letter === BACKSLASH) i += 1;
      else if (letter === QUOTE) quoted = false;
    } else if (letter === QUOTE) quoted = true;
    else if (letter === BRACE || letter === BRACKET) {
      depth += 1;
      if (depth > REST_BODY_DEPTH)
        throw new RestError(400, `Request body is nested more than ${REST_BODY_DEPTH} levels deep.`);
    } else if (letter === BRACE + 2 || letter === BRACKET + 2) depth -= 1;
  }
}

const [QUOTE, BACKSLASH, BRACE, BRACKET] = [0x22, 0x5c, 0x7b, 0x5b];

/** What came in a form: files are in a folder of their own, which `discard` removes. */
export interface Uploads {
  readonly fields: Readonly<Record<string, string>>;
  readonly files: readonly UploadedFile[];
  discard(): Promise<void>;
}

/** @throws RestError 400 for what is no form, 413 for a file that is too large */
export async function readUploads(request: FastifyRequest, directory: string): Promise<Uploads> {
  if (!request.isMultipart())
    throw new RestError(400, 'Exactly 1 file must be sent, as multipart/form-data.');
  const folder = await mkdtemp(join(directory, 'upload-'));
  const discard = (): Promise<void> => rm(folder, { recursive: true, force: true });
  const fields: Record<string, string> = {};
  const files: UploadedFile[] = [];
  try {
    for await (const part of request.parts()) {
      if (part.type === 'field') {
        fields[part.fieldname] = String(part.value);
        continue;
      }
      // A name of the server's: the client's never becomes part of a path.
      const path = join(folder, `file-${files.length}`);
      await pipeline(part.file, createWriteStream(path, { flags: 'wx', mode: 0o600 }));
      if (part.file.truncated)
        throw new RestError(413, 'The file is larger than rest.server.max-content-length.');
      files.push({ name: part.filename, path });
    }
    return { fields, files, discard };
  } catch (error) {
    await discard();
    throw error;
  }
}
