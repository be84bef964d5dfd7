import type { Secret } from '../base/secret.ts';
import type { ConfigOption } from './option.ts';
import { OPTIONS } from './options.ts';
import { reporterOptions } from './reporter-options.ts';

type Shown = string | number | boolean | Secret | readonly string[] | ReadonlyMap<string, number> | undefined;

/** A duration is kept in ms; the page shows it as one would write it. */
function shown(value: Shown, type: string): string {
  if (value === undefined) return type === 'refused' ? '' : 'unset';
  if (typeof value === 'object' && 'size' in value) return 'none';
  if (type === 'memory' && typeof value === 'number') return shownBytes(value);
  if (type !== 'duration' || typeof value !== 'number') return String(value);
  for (const [unit, ms] of [
    ['h', 3_600_000],
    ['min', 60_000],
    ['s', 1_000],
  ] as const) {
    if (value >= ms && value % ms === 0) return `${value / ms} ${unit}`;
  }
  return `${value} ms`;
}

function shownBytes(bytes: number): string {
  for (const [unit, size] of [
    ['gb', 1024 ** 3],
    ['mb', 1024 ** 2],
    ['kb', 1024],
  ] as const) {
    if (bytes >= size && bytes % size === 0) return `${bytes / size} ${unit}`;
  }
  return bytes === Number.POSITIVE_INFINITY ? 'infinite' : `${bytes}`;
}

const rows = [
  ...Object.values(OPTIONS),
  ...Object.values<ConfigOption<Shown>>({ ...reporterOptions('<name>') }),
]
  .map(({ key, type, defaultValue, description, aliases }) => {
    const also = aliases.length === 0 ? '' : ` Also: ${aliases.map((alias) => `\`${alias}\``).join(', ')}.`;
    return `| \`${key}\` | ${type.replaceAll('|', '\\|')} | ${shown(defaultValue, type)} | ${description}${also} |`;
  })
  .toSorted();

export default {
  file: 'src/config/README.md',
  parts: { options: ['| key | type | default | meaning |', '|---|---|---|---|', ...rows].join('\n') },
};
