import { DERIVED_JOB_METRICS, DERIVED_PROCESS_METRICS } from './derived-metrics.ts';
import { SCOPE_VARIABLES } from './scope-formats.ts';
import { CATALOGUE } from './system/catalogue.ts';
import type { MetricTable } from './system/catalogue.ts';

function table({ title, scopes, group, metrics }: MetricTable): string {
  const where = scopes.map((scope) => `\`${scope}\``).join(' and ');
  const rows = Object.entries(metrics).map(([name, { type, unit, description }]) => {
    return `| \`${name}\` | ${type} | ${unit} | ${description} |`;
  });
  return [
    `### ${title}`,
    '',
    `In ${where}${group === undefined ? '' : `, group \`${group}\``}.`,
    '',
    '| name | type | unit | meaning |',
    '|---|---|---|---|',
    ...rows,
  ].join('\n');
}

const derived = Object.entries({ ...DERIVED_JOB_METRICS, ...DERIVED_PROCESS_METRICS }).map(
  ([name, meaning]) => `| \`${name}\` | ${meaning} |`,
);

const scopes = Object.entries(SCOPE_VARIABLES).map(
  ([scope, variables]) => `| \`${scope}\` | ${variables.map((name) => `\`<${name}>\``).join(' ')} |`,
);

export default {
  file: 'src/metrics/README.md',
  parts: {
    scopes: ['| logical scope | variables |', '|---|---|', ...scopes].join('\n'),
    metrics: CATALOGUE.map(table).join('\n\n'),
    derived: ['| name | meaning |', '|---|---|', ...derived].join('\n'),
  },
};
