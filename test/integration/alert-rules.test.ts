import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { findPrometheus } from '../../ops/setup/prometheus.mjs';

const BOARDS = fileURLToPath(new URL('../../ops/grafana/', import.meta.url));
const RULES = fileURLToPath(new URL('../../ops/alerts/', import.meta.url));
const programs = findPrometheus();
const missing =
  programs === undefined ? '(skipped: no promtool here; "node ops/setup/prometheus.mjs" gets it)' : '';

interface Board {
  readonly panels: readonly { readonly targets: readonly { readonly expr: string }[] }[];
}

function promtool(...args: readonly string[]): { readonly status: number | null; readonly said: string } {
  const { status, stdout, stderr } = spawnSync(join(programs ?? '', 'promtool'), args, { encoding: 'utf8' });
  return { status, said: stdout + stderr };
}

describe.skipIf(programs === undefined)(`rules of ops/alerts, by promtool ${missing}`, () => {
  it('when they are checked, then all are well formed', () => {
    const { status, said } = promtool('check', 'rules', join(RULES, 'millrace.rules.yml'));
    expect(said).toContain('6 rules found');
    expect(status).toBe(0);
  });

  it('when they see series of good and bad jobs, then each fires for the bad one alone, and no longer than it must', () => {
    const { status, said } = promtool('test', 'rules', join(RULES, 'millrace.rules.test.yml'));
    expect(said).toContain('SUCCESS');
    expect(status).toBe(0);
  });

  it('when the expressions of all Grafana boards are read, then Prometheus understands them', () => {
    const folder = mkdtempSync(join(tmpdir(), 'millrace-boards-'));
    try {
      const texts = readdirSync(BOARDS).filter((name) => name.endsWith('.json'));
      const boards = texts.map((name) => JSON.parse(readFileSync(join(BOARDS, name), 'utf8')) as Board);
      const expressions = boards.flatMap(({ panels }) =>
        panels.flatMap(({ targets }) => targets.map(({ expr }) => expr)),
      );
      const rules = expressions.map((expr, index) => ({ record: `board:expression:${index}`, expr }));
      const file = join(folder, 'boards.yml');
      writeFileSync(file, JSON.stringify({ groups: [{ name: 'boards', rules }] }));
      const { status, said } = promtool('check', 'rules', file);
      expect(said).toContain(`${expressions.length} rules found`);
      expect(status).toBe(0);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
