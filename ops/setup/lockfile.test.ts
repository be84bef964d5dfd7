import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ROOT } from './install.mjs';

interface Locked {
  readonly version?: string;
  readonly resolved?: string;
  readonly integrity?: string;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

const { packages } = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as {
  packages: Readonly<Record<string, Locked>>;
};
const entries = Object.entries(packages);

describe('package-lock.json', () => {
  // npm forgets other platforms when it rewrites a lockfile beside an installed tree; `npm ci` then refuses it everywhere.
  it('when a package has binaries for other platforms then they are locked too', () => {
    const missing = entries.flatMap(([path, { optionalDependencies }]) =>
      Object.keys(optionalDependencies ?? {}).filter(
        (name) => !(`node_modules/${name}` in packages) && !(`${path}/node_modules/${name}` in packages),
      ),
    );
    expect(missing).toEqual([]);
  });

  it('when a package is locked then by version and checksum, with no download address', () => {
    for (const [path, { version, integrity, resolved }] of entries) {
      if (path === '') continue;
      expect({ path, version: typeof version, integrity: typeof integrity, resolved }).toEqual({
        path,
        version: 'string',
        integrity: 'string',
        resolved: undefined,
      });
    }
  });
});
