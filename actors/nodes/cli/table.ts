/** Text from users in a table or message: one line, no control characters, bounded. */
export function clean(text: string, maxChars = 80): string {
  // Line breaks, escapes and turns of writing direction in a name would forge lines or drive the reader's terminal.
  // eslint-disable-next-line no-control-regex
  const line = text.replaceAll(/[\s\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]+/g, ' ').trim();
  const letters = Array.from(line);
  return letters.length <= maxChars ? line : `${letters.slice(0, maxChars - 3).join('')}...`;
}

export interface Column {
  readonly title: string;
  readonly align?: 'left' | 'right';
}

/** Columns two blanks apart; the last one is not padded. */
export function table(columns: readonly Column[], rows: readonly (readonly string[])[]): string[] {
  const all = [columns.map(({ title }) => title), ...rows];
  const widths = columns.map((_, i) => Math.max(...all.map((row) => Array.from(row[i] ?? '').length)));
  return all.map((row) =>
    columns
      .map(({ align = 'left' }, i) => {
        const cell = row[i] ?? '';
        const padding = ' '.repeat(Math.max(0, (widths[i] ?? 0) - Array.from(cell).length));
        return align === 'right' ? `${padding}${cell}` : `${cell}${padding}`;
      })
      .join('  ')
      .trimEnd(),
  );
}

/** `1,234,567` */
export function count(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

/** `850 ms`, `3.2 s`, `4 min 5 s`, `2 h 3 min` */
export function duration(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1_000).toFixed(1)} s`;
  if (ms < 3_600_000) return `${Math.floor(ms / 60_000)} min ${Math.floor((ms % 60_000) / 1_000)} s`;
  return `${Math.floor(ms / 3_600_000)} h ${Math.floor((ms % 3_600_000) / 60_000)} min`;
}

/** `2026-01-31 17:05:09` in local time. */
export function instant(ms: number): string {
  const date = new Date(ms);
  const two = (value: number): string => String(value).padStart(2, '0');
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}
