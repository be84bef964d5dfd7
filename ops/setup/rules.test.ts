// Lint rules die silently (a renamed option, a glob that matches nothing): here each one has to catch a culprit, and has to
// leave alone what it must allow.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

interface Snippet {
  readonly file: string;
  readonly code: string;
  /** The rule that must fire, as oxlint prints it; absent: nothing may fire. */
  readonly rule?: string;
}

const importing = (specifier: string) => `import { x } from '${specifier}';\nexport const y: unknown = x;\n`;
const upwards = (file: string, specifier: string): Snippet => ({
  file,
  code: importing(specifier),
  rule: 'eslint(no-restricted-imports)',
});
const allowed = (file: string, code: string): Snippet => ({ file, code });

const KINDS = "type Kind = 'a' | 'b' | 'c';\n";
const lines = (count: number) => Array.from({ length: count }, (_, i) => `  console.log(${i});`).join('\n');

const LAYERS: Snippet[] = [
  upwards('src/base/up.ts', '../ports/clock.ts'),
  upwards('src/protocol/up.ts', '../state/value.ts'),
  upwards('src/ports/up.ts', '../control/x.ts'),
  upwards('src/functions/deep/up.ts', '../../dataplane/x.ts'),
  upwards('src/graph/up.ts', '../api/x.ts'),
  upwards('src/state/up.ts', '../dataplane/x.ts'),
  upwards('src/control/up.ts', '../transport/x.ts'),
  upwards('src/dataplane/up.ts', '../storage/x.ts'),
  upwards('src/api/up.ts', '../index.ts'),
  upwards('src/api/actors.ts', '../../actors/index.ts'),
  upwards('src/api/self.ts', 'millrace/cluster'),
  upwards('src/api/machine.ts', 'xstate'),
  upwards('src/api/unit.test.ts', '../../actors/index.ts'),
  upwards('src/dataplane/nats.ts', '@nats-io/nats-core'),
  upwards('src/transport/local/nats.ts', '@nats-io/nats-core'),
  upwards('src/connectors/file/nats.ts', '@nats-io/jetstream'),
  upwards('actors/dispatcher/nats.ts', '@nats-io/jetstream'),
  upwards('actors/dispatcher/io.machine.ts', './dispatcher.effects.ts'),
  upwards('actors/dispatcher/io2.machine.ts', '../../src/transport/local/local.ts'),
  upwards('examples/internal.ts', '../src/api/x.ts'),
];

const WORLD: Snippet[] = [
  upwards('src/state/fs.ts', 'node:fs'),
  upwards('src/state/promises.ts', 'node:fs/promises'),
  upwards('src/dataplane/net.ts', 'node:net'),
  upwards('src/dataplane/thread.ts', 'node:worker_threads'),
  upwards('src/dataplane/sleep.ts', 'node:timers/promises'),
  upwards('actors/slot/thread.ts', 'node:worker_threads'),
  upwards('src/transport/simulation/net.ts', 'node:net'),
  {
    file: 'src/control/uuid.ts',
    code: "import { randomUUID } from 'node:crypto';\nexport const id = randomUUID();\n",
    rule: 'eslint(no-restricted-imports)',
  },
  ...[
    'Date.now()',
    'new Date()',
    'setTimeout(f, 1)',
    'setInterval(f, 1)',
    'setImmediate(f)',
    'globalThis.setTimeout(f, 1)',
    'performance.now()',
  ].map((call, i) => ({
    file: `src/control/clock${i}.ts`,
    code: `export const f = () => 1;\nexport const value: unknown = ${call};\n`,
    rule: 'eslint(no-restricted-globals)',
  })),
  {
    file: 'actors/job-manager/clock.ts',
    code: 'export const now = Date.now();\n',
    rule: 'eslint(no-restricted-globals)',
  },
  {
    file: 'src/transport/simulation/clock.ts',
    code: 'export const now = Date.now();\n',
    rule: 'eslint(no-restricted-globals)',
  },
  {
    file: 'src/graph/random.ts',
    code: 'export const x = Math.random();\n',
    rule: 'eslint(no-restricted-properties)',
  },
  {
    file: 'actors/client/exit.ts',
    code: 'process.exit(1);\nexport {};\n',
    rule: 'eslint(no-restricted-properties)',
  },
  { file: 'src/dataplane/log.ts', code: "console.log('x');\nexport {};\n", rule: 'eslint(no-console)' },
];

const CODE: Snippet[] = [
  {
    file: 'src/control/partial.ts',
    code: `${KINDS}export function f(kind: Kind): number {\n  switch (kind) {\n    case 'a':\n      return 1;\n    case 'b':\n      return 2;\n  }\n  return 3;\n}\n`,
    rule: 'typescript(switch-exhaustiveness-check)',
  },
  {
    file: 'src/control/default.ts',
    code: `${KINDS}export function f(kind: Kind): number {\n  switch (kind) {\n    case 'a':\n      return 1;\n    default:\n      return 2;\n  }\n}\n`,
    rule: 'typescript(switch-exhaustiveness-check)',
  },
  {
    file: 'src/control/floating.ts',
    code: 'async function f(): Promise<void> {}\nexport function g(): void {\n  f();\n}\n',
    rule: 'typescript(no-floating-promises)',
  },
  {
    file: 'src/control/misused.ts',
    code: 'async function f(): Promise<boolean> {\n  return true;\n}\nexport const x = f() ? 1 : 2;\n',
    rule: 'typescript(no-misused-promises)',
  },
  { file: 'src/control/any.ts', code: 'export const x: any = 1;\n', rule: 'typescript(no-explicit-any)' },
  {
    file: 'src/control/throw.ts',
    code: "export function f(): never {\n  throw 'x';\n}\n",
    rule: 'typescript(only-throw-error)',
  },
  {
    file: 'src/control/parse.ts',
    code: "export const x: { a: number } = JSON.parse('{}');\n",
    rule: 'typescript(no-unsafe-assignment)',
  },
  { file: 'src/control/unused.ts', code: 'const x = 1;\nexport {};\n', rule: 'eslint(no-unused-vars)' },
  {
    file: 'src/control/cycle-a.ts',
    code: "import { b } from './cycle-b.ts';\nexport const a = (): number => b();\n",
    rule: 'import(no-cycle)',
  },
  {
    file: 'src/control/cycle-b.ts',
    code: "import { a } from './cycle-a.ts';\nexport const b = (): number => a();\n",
    rule: 'import(no-cycle)',
  },
  {
    file: 'ops/setup/long-function.ts',
    code: `export function f(): void {\n${lines(70)}\n}\n`,
    rule: 'eslint(max-lines-per-function)',
  },
  {
    file: 'ops/setup/long-file.ts',
    code: `export {};\n${lines(800)}\n`,
    rule: 'eslint(max-lines)',
  },
  {
    file: 'src/control/only.test.ts',
    code: "import { expect, it } from 'vitest';\nit.only('when x then y', () => {\n  expect(1).toBe(1);\n});\n",
    rule: 'vitest(no-focused-tests)',
  },
  {
    file: 'src/control/skip.test.ts',
    code: "import { expect, it } from 'vitest';\nit.skip('when x then y', () => {\n  expect(1).toBe(1);\n});\n",
    rule: 'vitest(no-disabled-tests)',
  },
  {
    file: 'src/control/hollow.test.ts',
    code: "import { it } from 'vitest';\nit('when x then y', () => {});\n",
    rule: 'vitest(expect-expect)',
  },
];

const ALLOWED: Snippet[] = [
  allowed('src/control/down.ts', importing('../protocol/x.ts')),
  allowed('src/protocol/x.ts', 'export const x = 1;\n'),
  allowed('src/graph/sideways.ts', importing('../functions/x.ts')),
  allowed('src/functions/x.ts', 'export const x = 1;\n'),
  allowed(
    'src/control/hash.ts',
    "import { createHash } from 'node:crypto';\nexport const h = createHash('sha256');\n",
  ),
  allowed('src/transport/nats/client.ts', "export type { NatsConnection } from '@nats-io/nats-core';\n"),
  allowed(
    'src/storage/nats.ts',
    "import type { NatsConnection } from '@nats-io/nats-core';\nexport type C = NatsConnection;\n",
  ),
  allowed(
    'src/transport/local/thread.ts',
    "import { isMainThread } from 'node:worker_threads';\nexport const now = isMainThread ? Date.now() : 0;\n",
  ),
  allowed(
    'src/state/spill.adapter.ts',
    "import { readFileSync } from 'node:fs';\nexport const text = readFileSync('x', 'utf8');\n",
  ),
  allowed(
    'actors/dispatcher/dispatcher.machine.ts',
    "import { setup } from 'xstate';\nexport const s = setup({});\n",
  ),
  allowed(
    'actors/nodes/main.ts',
    "import { readFileSync } from 'node:fs';\nconsole.log(readFileSync('x', 'utf8'), Date.now());\nprocess.exit(0);\n",
  ),
  allowed(
    'src/dataplane/clock.test.ts',
    "import { expect, it } from 'vitest';\nit('when x then y', () => {\n  expect(Date.now()).toBeGreaterThan(0);\n});\n",
  ),
  allowed('examples/02-x.ts', 'export const now = Date.now();\n'),
];

interface Report {
  readonly diagnostics: readonly {
    readonly code?: string;
    readonly filename: string;
    readonly message: string;
  }[];
}

describe('lint rules', () => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-rules-'));
  const fired = new Map<string, string[]>();

  beforeAll(() => {
    for (const name of ['oxlint.config.ts', 'tsconfig.json', 'package.json'])
      cpSync(join(ROOT, name), join(folder, name));
    symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
    for (const { file, code } of [...LAYERS, ...WORLD, ...CODE, ...ALLOWED]) {
      mkdirSync(dirname(join(folder, file)), { recursive: true });
      writeFileSync(join(folder, file), code);
    }
    const oxlint = join(folder, 'node_modules', 'oxlint', 'bin', 'oxlint');
    const run = spawnSync(process.execPath, [oxlint, '--format', 'json'], { cwd: folder, encoding: 'utf8' });
    if (run.stderr !== '') throw new Error(run.stderr);
    const report = JSON.parse(run.stdout) as Report;
    for (const { code, filename, message } of report.diagnostics) {
      fired.set(filename, [...(fired.get(filename) ?? []), code ?? message]);
    }
  }, 60_000);

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it.each([...LAYERS, ...WORLD, ...CODE])('when $file breaks $rule then it fires', ({ file, rule }) => {
    expect(fired.get(file) ?? []).toContain(rule);
  });

  it.each(ALLOWED)('when $file does what its place allows then nothing fires', ({ file }) => {
    expect(fired.get(file) ?? []).toEqual([]);
  });
});
