import { createWriteStream } from 'node:fs';
import type { WriteStream } from 'node:fs';
import { PassThrough } from 'node:stream';
import { OUTPUT_HELD_BYTES, OUTPUT_KEPT_BYTES } from '../../../src/base/limits.ts';
import type { Logger } from '../../../src/ports/logger.ts';

/**
 * Where the standard output of slots goes: on to the process's, and into a file beside its log, which REST shows as `stdout`. Where
 * nothing is printed there is no file.
 */
export function keptOutput(logFile: string, logger: Logger): NodeJS.WritableStream {
  const output = new PassThrough();
  output.pipe(process.stdout, { end: false });
  output.once('data', (first: Buffer) => {
    const file = openFile(`${logFile.replace(/\.log$/, '')}.out`, logger);
    let kept = 0;
    const keep = (chunk: Buffer): void => {
      kept += chunk.length;
      if (kept > OUTPUT_KEPT_BYTES) {
        output.off('data', keep);
        file.end('\n(more is not kept)\n');
        // A slow disk loses lines here rather than holding up the job, or filling the memory.
      } else if (file.writableLength < OUTPUT_HELD_BYTES) file.write(chunk);
    };
    keep(first);
    output.on('data', keep);
  });
  return output;
}

function openFile(path: string, logger: Logger): WriteStream {
  const file = createWriteStream(path, { flags: 'a' });
  file.on('error', (error) => {
    logger.warn('standard output is not kept any more', { path, error });
  });
  return file;
}
