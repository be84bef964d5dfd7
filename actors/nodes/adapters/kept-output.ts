import { createWriteStream } from 'node:fs';
import { PassThrough } from 'node:stream';
import type { Logger } from '../../../src/ports/logger.ts';

/** Where the standard output of slots goes: on to the process's, and into a file beside its log, which REST shows as `stdout`. */
export function keptOutput(logFile: string, logger: Logger): NodeJS.WritableStream {
  const output = new PassThrough();
  const path = `${logFile.replace(/\.log$/, '')}.out`;
  const file = createWriteStream(path, { flags: 'a' });
  file.on('error', (error) => {
    output.unpipe(file);
    logger.warn('standard output is not kept any more', { path, error });
  });
  output.pipe(process.stdout, { end: false });
  output.pipe(file);
  return output;
}
