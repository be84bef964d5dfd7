import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ROOT } from './install.mjs';
import { completed, missingPackages, type LockedPackages } from './lockfile.ts';

const { packages } = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as {
  packages: LockedPackages;
};

describe('package-lock.json', () => {
  it('when a package has binaries for other platforms then they are locked too (else: npm run lockfile)', () => {
    expect([...missingPackages(packages).keys()]).toEqual([]);
  });

  it('when a package is locked then by version, with no download address, and by checksum unless for another platform', () => {
    for (const [path, { version, integrity, resolved, optional }] of Object.entries(packages)) {
      if (path === '') continue;
      expect({ path, version, resolved }).toEqual({ path, version: expect.any(String), resolved: undefined });
      expect(integrity ?? (optional === true ? 'optional' : 'missing'), path).not.toBe('missing');
    }
  });
});

describe('completed', () => {
  const tool = {
    version: '1.2.3',
    dev: true,
    optionalDependencies: { '@tool/linux-x64-musl': '1.2.3', '@tool/win32-arm64-msvc': '1.2.3' },
  };

  it('when binaries are missing then they are added with their platform', () => {
    const all = completed({ 'node_modules/tool': tool });
    expect(all['node_modules/@tool/linux-x64-musl']).toEqual({
      version: '1.2.3',
      cpu: ['x64'],
      dev: true,
      libc: ['musl'],
      optional: true,
      os: ['linux'],
    });
    expect(all['node_modules/@tool/win32-arm64-msvc']).toMatchObject({ os: ['win32'], cpu: ['arm64'] });
    expect(missingPackages(all).size).toBe(0);
  });

  it('when what is missing is no platform binary then it is refused, not guessed', () => {
    const odd = { 'node_modules/a': { version: '1.0.0', optionalDependencies: { b: '^1.0.0' } } };
    expect(() => completed(odd)).toThrow(/b@\^1\.0\.0 is not locked/);
  });
});
