import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const source = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** What the package's own name means inside the repository; worker threads get the same by SOURCE_FLAGS. */
const alias = [
  { find: /^millrace$/, replacement: source('./src/index.ts') },
  { find: /^millrace\/cluster$/, replacement: source('./actors/index.ts') },
  { find: /^millrace\/testing$/, replacement: source('./actors/testing/index.ts') },
];

const FOLDERS = '{src,actors,examples,ops}';

/** Tests beside their unit that need a server, a seed run or the shared suites are told by their suffix. */
const OTHER_KINDS = ['integration', 'sim', 'conformance'].map((kind) => `${FOLDERS}/**/*.${kind}.test.ts`);

function project(name: string, include: string[], more: Record<string, unknown> = {}) {
  return { extends: true as const, test: { name, include, ...more } };
}

const SERVER = {
  globalSetup: ['./ops/setup/nats-server.setup.ts'],
  testTimeout: 60_000,
  hookTimeout: 60_000,
};

export default defineConfig({
  resolve: { alias, conditions: ['millrace-source', 'node', 'development|production'] },
  ssr: { resolve: { conditions: ['millrace-source', 'node', 'development|production'] } },
  test: {
    pool: 'forks',
    execArgv: ['--conditions=millrace-source'],
    passWithNoTests: true,
    testTimeout: 20_000,
    setupFiles: ['./ops/setup/property-seed.setup.ts'],
    projects: [
      project('unit', [`${FOLDERS}/**/*.test.ts`], { exclude: [...OTHER_KINDS, '**/node_modules/**'] }),
      project('simulation', ['test/simulation/**/*.test.ts', `${FOLDERS}/**/*.sim.test.ts`], {
        testTimeout: 120_000,
      }),
      project(
        'integration',
        ['test/integration/**/*.test.ts', `${FOLDERS}/**/*.integration.test.ts`],
        SERVER,
      ),
      project(
        'conformance',
        ['test/conformance/**/*.test.ts', `${FOLDERS}/**/*.conformance.test.ts`],
        SERVER,
      ),
    ],
  },
});
