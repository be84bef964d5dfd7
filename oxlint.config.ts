// House rules that a machine can hold: layers, no clock or chance outside adapters, total switches, no lost promise.
// `ops/setup/rules.test.ts` proves that each of them fires.
import { defineConfig, type OxlintOverride } from 'oxlint';

/** Layers of src, lowest first; a folder may import its own tier and those before it. */
const TIERS: readonly (readonly string[])[] = [
  ['base'],
  ['protocol', 'ports', 'functions', 'graph', 'metrics'],
  ['state', 'control'],
  ['dataplane'],
  ['api', 'formats', 'connectors', 'transport', 'storage', 'config', 'rest', 'dashboard', 'testing'],
];

const TESTS = ['**/*.test.ts', '**/*.bench.ts', '**/test-support/**', 'test/**'];

/** Folders of src that are adapters of a port as a whole; elsewhere an adapter is a file `<name>.adapter.ts`. */
const ADAPTER_FOLDERS = ['transport', 'storage', 'connectors', 'testing'];

/** Where the clock, chance and the world may be touched. */
const ADAPTERS = [
  ...ADAPTER_FOLDERS.map((folder) => `src/${folder}/**`),
  'actors/nodes/**',
  'actors/testing/**',
  '**/*.adapter.ts',
];

/** Simulated parts stand among the adapters but must be as deterministic as what they run. */
const DETERMINISTIC = ['src/transport/simulation/**', 'src/storage/simulation/**'];

const NATS_FOLDERS = ['src/transport/nats/**', 'src/connectors/jetstream/**'];

interface Restriction {
  readonly regex: string;
  readonly message: string;
  readonly importNames?: string[];
}

const NO_NATS: Restriction = {
  regex: '^@nats-io/',
  message: 'The NATS client belongs to src/transport/nats, src/storage and src/connectors/jetstream.',
};
const NO_XSTATE: Restriction = { regex: '^xstate($|/)', message: 'State machines live in actors/.' };
const NO_ACTORS: Restriction = {
  regex: '^(\\.\\./)+actors/|^millrace($|/)',
  message: 'src never imports actors, nor the package by its own name.',
};
const NO_WORLD: Restriction = {
  regex:
    '^(node:)?(fs|net|tls|dgram|http|https|http2|dns|cluster|worker_threads|child_process|timers|readline)($|/)',
  message: 'Effects go through a port (src/ports); only adapters touch the world.',
};
const NO_CHANCE: Restriction = {
  regex: '^(node:)?crypto$',
  importNames: ['randomUUID', 'randomBytes', 'randomInt', 'randomFillSync', 'randomFill', 'webcrypto'],
  message: 'Randomness comes from the Random port.',
};
const NO_EFFECTS: Restriction = {
  regex:
    '^node:|/src/(dataplane|api|formats|connectors|transport|storage|config|metrics|rest|testing)/|\\.effects\\.ts$',
  message: 'A machine does no I/O: it names the action, its effects file implements it.',
};
const NO_INTERNALS: Restriction = {
  regex: '^(\\.\\./)+(src|actors)/',
  message: "Examples import what users import: 'millrace', 'millrace/cluster', 'millrace/testing'.",
};
const PURE = [NO_WORLD, NO_CHANCE];

/** One rule per set of files: a later match replaces the whole list, it does not add to it. */
function imports(files: string[], patterns: Restriction[]): OxlintOverride {
  if (patterns.length === 0) return { files, rules: { 'no-restricted-imports': 'off' } };
  return { files, rules: { 'no-restricted-imports': ['error', { patterns }] } };
}

function noUpwards(tier: number): Restriction[] {
  const above = [...TIERS.slice(tier + 1).flat(), 'index\\.ts'];
  return [
    {
      regex: `^(\\.\\./)+(${above.join('|')})($|/)`,
      message: `Never import upwards. Layers: ${TIERS.map((names) => names.join(', ')).join(' < ')}.`,
    },
  ];
}

const LAYERS = TIERS.flatMap((names, tier) =>
  names.flatMap((name) => {
    const nats = name === 'storage' ? [] : [NO_NATS];
    const always = [NO_ACTORS, NO_XSTATE, ...noUpwards(tier)];
    return [
      imports([`src/${name}/**`], [...always, ...nats, ...(ADAPTER_FOLDERS.includes(name) ? [] : PURE)]),
      imports([`src/${name}/**/*.adapter.ts`], [...always, ...nats]),
      imports([`src/${name}/simulation/**`], [...always, NO_NATS, ...PURE]),
    ];
  }),
);

const TOP_TIER = [NO_ACTORS, NO_XSTATE, ...noUpwards(TIERS.length - 1)];

const IMPORTS = [
  imports(['src/*.ts'], [NO_ACTORS, NO_XSTATE, NO_NATS, ...PURE]),
  ...LAYERS,
  imports(NATS_FOLDERS, TOP_TIER),
  imports(['src/**/*.test.ts', 'src/**/*.bench.ts', 'src/**/test-support/**'], [NO_ACTORS, NO_XSTATE]),
  imports(['actors/**'], [NO_NATS, ...PURE]),
  imports(['actors/**/*.adapter.ts', 'actors/testing/**'], [NO_NATS]),
  imports(['actors/nodes/**'], []),
  imports(['actors/**/*.machine.ts'], [NO_NATS, ...PURE, NO_EFFECTS]),
  imports(['actors/**/*.test.ts', 'actors/**/*.bench.ts', 'actors/**/test-support/**'], []),
  imports(['examples/**'], [NO_INTERNALS]),
];

const FORBIDDEN_GLOBALS = [
  ...['Date', 'performance', 'setTimeout', 'setInterval', 'setImmediate'].map((name) => ({
    name,
    message: 'Time comes from the Clock port (src/ports/clock.ts).',
  })),
  ...['fetch', 'WebSocket'].map((name) => ({ name, message: 'The network is reached through a port.' })),
];

const NO_RANDOM = 'Randomness comes from the Random port (src/ports/random.ts).';
const FORBIDDEN_PROPERTIES = [
  { object: 'Math', property: 'random', message: NO_RANDOM },
  { object: 'crypto', property: 'randomUUID', message: NO_RANDOM },
  { object: 'crypto', property: 'getRandomValues', message: NO_RANDOM },
  { object: 'process', property: 'hrtime', message: 'Time comes from the Clock port (src/ports/clock.ts).' },
  { object: 'process', property: 'exit', message: 'Only a node ends the process.' },
];

type Rules = NonNullable<OxlintOverride['rules']>;

const WORLD_ALLOWED: Rules = {
  'no-restricted-globals': 'off',
  'no-restricted-properties': 'off',
  'no-console': 'off',
};
const WORLD_FORBIDDEN: Rules = {
  'no-restricted-globals': ['error', { globals: FORBIDDEN_GLOBALS, checkGlobalObject: true }],
  'no-restricted-properties': ['error', ...FORBIDDEN_PROPERTIES],
  'no-console': 'error',
};

export default defineConfig({
  plugins: ['typescript', 'unicorn', 'oxc', 'import', 'promise', 'vitest'],
  categories: { correctness: 'error' },
  options: { typeAware: true, denyWarnings: true, reportUnusedDisableDirectives: 'error' },
  ignorePatterns: ['node_modules', 'dist/**', 'out/**', 'coverage/**', '.millrace/**'],
  rules: {
    'typescript/switch-exhaustiveness-check': [
      'error',
      { allowDefaultCaseForExhaustiveSwitch: false, considerDefaultExhaustiveForUnions: false },
    ],
    'typescript/no-floating-promises': 'error',
    'typescript/no-misused-promises': 'error',
    'typescript/only-throw-error': 'error',
    'typescript/no-explicit-any': 'error',
    'typescript/no-unsafe-assignment': 'error',
    'typescript/consistent-type-imports': 'error',
    'no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
    'import/no-cycle': 'error',
    'import/no-self-import': 'error',
    'max-lines': ['error', { max: 800 }],
    'max-lines-per-function': ['error', { max: 70 }],
    eqeqeq: 'error',
    'no-var': 'error',
    'prefer-const': 'error',
    'no-proto': 'error',
    'no-empty': 'error',
    'no-fallthrough': 'error',
    'vitest/no-focused-tests': 'error',
    'vitest/no-disabled-tests': 'error',
    'vitest/expect-expect': ['error', { assertFunctionNames: ['expect', 'expect*'] }],
    // A promise of `expect` may be awaited later; a lost one is caught by no-floating-promises.
    'vitest/valid-expect': 'off',
    'vitest/no-conditional-expect': 'off',
    // Copies before a loop that changes the collection are not useless.
    'unicorn/no-useless-spread': 'off',
  },
  overrides: [
    { files: ['src/**', 'actors/**'], rules: WORLD_FORBIDDEN },
    { files: ADAPTERS, rules: WORLD_ALLOWED },
    { files: DETERMINISTIC, rules: WORLD_FORBIDDEN },
    ...IMPORTS,
    // Plain JavaScript that must run before anything is installed has no types to check.
    { files: ['**/*.mjs'], rules: { 'typescript/no-unsafe-assignment': 'off' } },
    {
      files: TESTS,
      rules: { ...WORLD_ALLOWED, 'max-lines-per-function': 'off', 'typescript/no-unsafe-assignment': 'off' },
    },
  ],
});
