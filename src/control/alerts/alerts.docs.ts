import { ALERT_RULE_IDS, ALERT_RULES } from './rules.ts';

const rows = ALERT_RULE_IDS.map((id) => {
  const { severity, summary, unit } = ALERT_RULES[id];
  return `| \`${id}\` | ${severity} | ${summary} | ${unit} |`;
});

export default {
  file: 'src/metrics/README.md',
  parts: {
    alerts: ['| rule | severity | when it fires | unit of its value |', '|---|---|---|---|', ...rows].join(
      '\n',
    ),
  },
};
