import { createWriteStream } from 'node:fs';
import type { WriteStream } from 'node:fs';
import { PassThrough } from 'node:stream';
import type { Logger } from '../../../src/ports/logger.ts';

/**
 * Where the standard output of slots goes: on to the process's, and into a file beside its log, which REST shows as `stdout`. Where
 * nothing is printed there is no file.
 */
export function keptOutput(logFile: string, logger: Logger): NodeJS.WritableStream {
  const output = new PassThrough();
  output.pipe(process.stdout, { end: false });
  output.once('data', (first: Buffer) => {
    const file = openFile(`${logFile.replace(/\.log$/, '')}.out`, output, logger);
    file.write(first);
    output.pipe(file);
  });
  return output;
}

function openFile(path: string, output: PassThrough, logger: Logger): WriteStream {
  const file = createWriteStream(path, { flags: 'a' });
  file.on('error', (error) => {
    output.unpipe(file);
    logger.warn('standard output is not kept any more', { path, error });
  });
  return file;
}
