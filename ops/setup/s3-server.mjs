// Finds or builds the S3 server that tests run (versitygw); as a program it prints the path.
// In order: $MILLRACE_S3_SERVER, the PATH, this repository's cache, `go install`.
import { existsSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CACHE, goInstall, onPath } from './go-install.mjs';

const MODULE = 'github.com/versity/versitygw/cmd/versitygw@v1.8.0';

export function findS3Server() {
  const candidates = [process.env.MILLRACE_S3_SERVER, onPath('versitygw'), join(CACHE, 'versitygw')];
  return candidates.find((file) => file && existsSync(file));
}

export function installS3Server() {
  const found = findS3Server();
  if (found !== undefined) return found;
  const byHand = 'Put versitygw on the PATH, or set MILLRACE_S3_SERVER to its path.';
  if (onPath('go') === undefined) throw new Error(`no S3 server here, and no Go to build one. ${byHand}`);
  process.stderr.write(`millrace: no S3 server here, trying "go install ${MODULE}" (some minutes) ...\n`);
  const failure = goInstall(MODULE);
  const installed = findS3Server();
  if (installed !== undefined) return installed;
  throw new Error(`no S3 server here, and building one failed: ${failure ?? 'it gave none'}\n${byHand}`);
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  try {
    console.log(installS3Server());
  } catch (error) {
    console.error(`millrace: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 1;
  }
}
