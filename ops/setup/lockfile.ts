// Knows what a complete lockfile is. npm leaves out of package-lock.json the binaries for other platforms when the registry it
// asked does not carry them, and `npm ci` then refuses the lockfile everywhere.

/** A package as package-lock.json (version 3) describes it, as far as it matters here. */
export interface LockedPackage {
  version?: string;
  resolved?: string;
  integrity?: string;
  dev?: boolean;
  optional?: boolean;
  os?: string[];
  cpu?: string[];
  libc?: string[];
  optionalDependencies?: Record<string, string>;
}

export type LockedPackages = Record<string, LockedPackage>;

const OS = /(?:^|[-/])(aix|android|darwin|freebsd|linux|netbsd|openbsd|openharmony|sunos|win32)(?=-|$)/;
const CPU = /-(arm64|arm|x64|ia32|loong64|mips64el|ppc64|riscv64|s390x|wasm32)(?=-|$)/;

/** Optional packages that a locked package names but the lockfile lacks, by the path they belong at. */
export function missingPackages(packages: LockedPackages): Map<string, LockedPackage> {
  const missing = new Map<string, LockedPackage>();
  for (const [path, owner] of Object.entries(packages)) {
    for (const [name, version] of Object.entries(owner.optionalDependencies ?? {})) {
      const top = `node_modules/${name}`;
      if (top in packages || `${path}/${top}` in packages) continue;
      missing.set(top, describe(name, version, owner.dev === true));
    }
  }
  return missing;
}

/** What the lockfile says of a package that only its owner has named: its platform stands in its name. */
function describe(name: string, version: string, dev: boolean): LockedPackage {
  const os = OS.exec(name)?.[1];
  const cpu = CPU.exec(name)?.[1];
  if (os === undefined || cpu === undefined || !/^\d+\.\d+\.\d+$/.test(version)) {
    throw new Error(
      `${name}@${version} is not locked, and is no binary of one platform and version: run npm install`,
    );
  }
  const libc =
    os !== 'linux' ? undefined : /musl/.test(name) ? 'musl' : /gnu/.test(name) ? 'glibc' : undefined;
  return {
    version,
    cpu: [cpu],
    ...(dev ? { dev } : {}),
    ...(libc === undefined ? {} : { libc: [libc] }),
    optional: true,
    os: [os],
  };
}

/** The packages with the missing ones added, in npm's order. */
export function completed(packages: LockedPackages): LockedPackages {
  const all = { ...packages, ...Object.fromEntries(missingPackages(packages)) };
  return Object.fromEntries(Object.entries(all).toSorted(([a], [b]) => a.localeCompare(b, 'en')));
}
