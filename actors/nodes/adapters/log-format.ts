import { styleText } from 'node:util';

type Style = Parameters<typeof styleText>[0];

const FIELD_CHARS_MAX = 300;
const ROLE_WIDTH = 11;
const LEVELS: Readonly<Record<number, { readonly name: string; readonly style: Style }>> = {
  20: { name: 'DEBUG', style: 'gray' },
  30: { name: 'INFO ', style: 'white' },
  40: { name: 'WARN ', style: 'yellow' },
  50: { name: 'ERROR', style: 'red' },
};
const ROLE_STYLES: Readonly<Record<string, Style>> = {
  jobmanager: 'cyan',
  taskmanager: 'green',
  client: 'blue',
  'nats-server': 'magenta',
};
const OTHER_STYLES: readonly Style[] = ['cyanBright', 'greenBright', 'blueBright', 'magentaBright'];

// Line breaks and escapes in a message would forge lines or drive the reader's terminal.
// eslint-disable-next-line no-control-regex
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/g;

/** A log line for people: time, level, role, message, then the fields. One line whatever the content. */
export function formatLine(json: string, colour: boolean): string {
  const { time, level, role, msg, ...fields } = JSON.parse(json) as Record<string, unknown>;
  const paint = (style: Style, text: string): string =>
    colour ? styleText(style, text, { validateStream: false }) : text;
  const shownLevel = LEVELS[Number(level)] ?? { name: String(level).padEnd(5), style: 'white' as const };
  const parts = [paint('gray', timeOfDay(time)), paint(shownLevel.style, shownLevel.name)];
  if (typeof role === 'string') parts.push(paint(styleOf(role), oneLine(role).padEnd(ROLE_WIDTH)));
  parts.push(oneLine(typeof msg === 'string' ? msg : ''));
  for (const [name, value] of Object.entries(fields))
    parts.push(paint('gray', `${oneLine(name)}=${show(value)}`));
  return `${parts.join(' ')}\n`;
}

/** Whether to colour: a terminal, unless NO_COLOR (no-color.org) is set; FORCE_COLOR colours anything. */
export function wantsColour(isTerminal: boolean, environment: NodeJS.ProcessEnv): boolean {
  if ((environment['NO_COLOR'] ?? '') !== '') return false;
  const force = environment['FORCE_COLOR'];
  if (force !== undefined) return force !== '0' && force !== 'false';
  return isTerminal && environment['TERM'] !== 'dumb';
}

function styleOf(role: string): Style {
  const kind = role.replace(/-\d+$/, '');
  const known = ROLE_STYLES[kind];
  if (known !== undefined) return known;
  let sum = 0;
  for (let at = 0; at < kind.length; at++) sum += kind.charCodeAt(at);
  return OTHER_STYLES[sum % OTHER_STYLES.length] ?? 'white';
}

function timeOfDay(time: unknown): string {
  const date = new Date(Number(time));
  const two = (value: number): string => String(value).padStart(2, '0');
  const milliseconds = String(date.getMilliseconds()).padStart(3, '0');
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${milliseconds}`;
}

function show(value: unknown): string {
  const text = typeof value === 'string' ? quoteIfNeeded(value) : JSON.stringify(messageOf(value));
  return text.length > FIELD_CHARS_MAX ? `${text.slice(0, FIELD_CHARS_MAX)}...` : text;
}

function quoteIfNeeded(text: string): string {
  return /^[^\s"=]+$/.test(text) && !text.match(CONTROL) ? text : oneLine(JSON.stringify(text));
}

/** Of an error its message; the stack is in the file. */
function messageOf(value: unknown): unknown {
  const isError = typeof value === 'object' && value !== null && 'stack' in value && 'message' in value;
  return isError ? value.message : value;
}

function oneLine(text: string): string {
  return text.replaceAll(
    CONTROL,
    (letter) => `\\u${(letter.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`,
  );
}
