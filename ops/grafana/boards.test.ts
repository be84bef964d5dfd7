import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { ALERT_RULES, ALERT_RULE_IDS } from '../../src/control/alerts/rules.ts';
import { allPrometheusNames } from '../../src/metrics/system/catalogue.ts';
import { ROOT } from '../setup/install.mjs';

interface Board {
  readonly uid: string;
  readonly panels: readonly {
    readonly id: number;
    readonly title: string;
    readonly targets: readonly { readonly expr: string }[];
  }[];
}

interface Rules {
  readonly groups: readonly {
    readonly rules: readonly {
      readonly alert: string;
      readonly expr: string;
      readonly labels: { readonly severity: string; readonly rule: string };
    }[];
  }[];
}

const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8');
const KNOWN = allPrometheusNames();

/** Names of metrics in an expression, or in any text. */
const namesIn = (text: string): string[] => [...new Set(text.match(/\bflink_\w+/g))];

describe('Grafana boards', () => {
  it.each(globSync('ops/grafana/*.json', { cwd: ROOT }))(
    'when the metrics of %s are looked up, then every one is measured by Millrace',
    (file) => {
      const board = JSON.parse(read(file)) as Board;
      expect(board.panels.length).toBeGreaterThan(5);
      for (const { title, targets } of board.panels) {
        const names = targets.flatMap(({ expr }) => namesIn(expr));
        expect(names.length, title).toBeGreaterThan(0);
        expect(
          names.filter((name) => !KNOWN.has(name)),
          title,
        ).toEqual([]);
      }
      expect(namesIn(read(file)).filter((name) => !KNOWN.has(name))).toEqual([]);
      expect(new Set(board.panels.map(({ id }) => id)).size).toBe(board.panels.length);
    },
  );
});

describe('rules for Prometheus', () => {
  const rules = (parse(read('ops/alerts/millrace.rules.yml')) as Rules).groups.flatMap(
    (group) => group.rules,
  );

  it('when their metrics are looked up, then every one is measured by Millrace', () => {
    for (const { alert, expr } of rules) {
      expect(namesIn(expr).length, alert).toBeGreaterThan(0);
      expect(
        namesIn(expr).filter((name) => !KNOWN.has(name)),
        alert,
      ).toEqual([]);
    }
  });

  it('when they are compared with those of the JobManager, then they are the same, with the same severity', () => {
    const built = ALERT_RULE_IDS.map((id) => `${id} ${ALERT_RULES[id].severity}`);
    expect(rules.map(({ labels }) => `${labels.rule} ${labels.severity}`)).toEqual(built);
  });
});
