import { inspect } from 'node:util';
import type { Command } from 'commander';
import { UserError } from '../../../src/base/errors.ts';
import type { Key } from '../../../src/functions/basic.ts';
import {
  checkState,
  describeSnapshot,
  diffSnapshots,
  findOperator,
  savedGroups,
  savedOperatorState,
} from '../../../src/state/inspect/index.ts';
import type { OperatorSummary, SavedEntry } from '../../../src/state/inspect/index.ts';
import { keyIdentity } from '../../../src/state/key-encoding.ts';
import type { OpenedSnapshot } from '../../../src/state/snapshot/open-snapshot.ts';
import { EXIT, UsageError } from './describe-error.ts';
import { jsonValue } from './json-value.ts';
import { wholeNumber, withConfiguration, withJson, withVerbose } from './options.ts';
import type { Cli, ConfigurationOptions } from './options.ts';
import { openSaved } from './saved-snapshot.ts';
import { clean, count, instant, table } from './table.ts';

interface GetOptions extends ConfigurationOptions {
  readonly key?: string;
  readonly limit?: number;
}

interface DiffOptions extends ConfigurationOptions {
  readonly values?: true;
}

/** `millrace savepoint show <path>` */
export function addShow(savepoint: Command, cli: Cli): void {
  const command = savepoint
    .command('show <path>')
    .description('list what a savepoint or kept checkpoint holds, operator by operator');
  withVerbose(withJson(withConfiguration(command))).action(
    async (path: string, options: ConfigurationOptions) => {
      const snapshot = await openSaved(cli, path, options);
      const operators = await describeSnapshot(snapshot);
      if (cli.json) cli.terminal.json({ type: 'snapshot', ...headOf(snapshot), operators });
      else printSummary(cli, snapshot, operators);
      cli.exitCode = EXIT.ok;
    },
  );
}

/** `millrace savepoint get <path> <operator> [state]` */
export function addGet(savepoint: Command, cli: Cli): void {
  const command = savepoint
    .command('get <path> <operator> [state]')
    .description('read the state of an operator, named by its uid or name')
    .option('--key <json>', 'of this key alone, as JSON: 7, "bid", ["a",1]')
    .option('--limit <n>', 'at most this many entries', wholeNumber(1));
  withVerbose(withJson(withConfiguration(command))).action(
    async (path: string, operator: string, state: string | undefined, options: GetOptions) => {
      const snapshot = await openSaved(cli, path, options);
      await get(cli, snapshot, operator, state, options);
      cli.exitCode = EXIT.ok;
    },
  );
}

/** `millrace savepoint diff <path> <other>` */
export function addDiff(savepoint: Command, cli: Cli): void {
  const command = savepoint
    .command('diff <path> <other>')
    .description('compare the keyed state of two savepoints or kept checkpoints')
    .option('--values', 'print every entry that differs, not only how many');
  withVerbose(withJson(withConfiguration(command))).action(
    async (path: string, other: string, options: DiffOptions) => {
      const [before, after] = [await openSaved(cli, path, options), await openSaved(cli, other, options)];
      await diff(cli, before, after, options.values === true);
      cli.exitCode = EXIT.ok;
    },
  );
}

function headOf({ manifest }: OpenedSnapshot): object {
  const { kind, jobId, jobName, checkpointId, triggeredAt } = manifest;
  return { kind, jobId, jobName, checkpointId, triggeredAt };
}

function printSummary(
  { terminal }: Cli,
  { manifest }: OpenedSnapshot,
  operators: readonly OperatorSummary[],
): void {
  const { kind, jobId, jobName, checkpointId, triggeredAt } = manifest;
  terminal.out(
    `${kind === 'savepoint' ? 'Savepoint' : 'Checkpoint'} ${checkpointId} of job "${clean(jobName)}" (${jobId}), ${instant(triggeredAt)}`,
  );
  terminal.out();
  const columns = ['Operator', 'Uid', 'Parallelism', 'State', 'Kind'].map((title) => ({ title }));
  const right = ['Entries', 'Bytes'].map((title) => ({ title, align: 'right' as const }));
  for (const line of table([...columns, ...right], operators.flatMap(rowsOf))) terminal.out(line);
}

function rowsOf(operator: OperatorSummary): string[][] {
  const { keyedStates, operatorStateBytes, splits, inFlightBytes } = operator;
  const states = keyedStates.map(({ name, kind, ttl, entries, bytes }) => [
    clean(name, 30),
    `${kind}${ttl ? ' (TTL)' : ''}`,
    count(entries),
    count(bytes),
  ]);
  if (operatorStateBytes > 0) states.push(['(operator state)', '', '', count(operatorStateBytes)]);
  if (splits > 0) states.push(['(splits)', '', count(splits), '']);
  if (inFlightBytes > 0) states.push(['(records on their way)', '', '', count(inFlightBytes)]);
  const { name, uid = '', parallelism, maxParallelism } = operator;
  const title = [clean(name, 40), clean(uid, 30), `${parallelism} of ${maxParallelism}`];
  if (states.length === 0) return [[...title, '(none)', '', '', '']];
  return states.map((state, index) => [...(index === 0 ? title : ['', '', '']), ...state]);
}

async function get(
  cli: Cli,
  snapshot: OpenedSnapshot,
  named: string,
  state: string | undefined,
  { key: keyText, limit = Number.MAX_SAFE_INTEGER }: GetOptions,
): Promise<void> {
  const operatorId = findOperator(snapshot.manifest, named);
  if (state !== undefined) await checkState(snapshot, operatorId, state);
  const key = keyText === undefined ? undefined : parseKey(keyText);
  let left = limit;
  for await (const group of savedGroups(snapshot, operatorId, key)) {
    for (const entry of group.values()) {
      if (state !== undefined && entry.state.name !== state) continue;
      if (key !== undefined && keyIdentity(entry.key) !== keyIdentity(key)) continue;
      printEntry(cli, entry);
      left -= 1;
      if (left === 0) return;
    }
  }
  if (key !== undefined) return;
  for await (const element of savedOperatorState(snapshot, operatorId)) {
    if (state !== undefined && element.state !== state) continue;
    const { subtask, state: name = 'split', value } = element;
    if (cli.json)
      cli.terminal.json({ type: 'element', state: name, subtask: subtask ?? null, value: jsonValue(value) });
    else
      cli.terminal.out(
        `${clean(name)}  ${subtask === undefined ? '(nobody)' : `#${subtask}`}  ${text(value)}`,
      );
    left -= 1;
    if (left === 0) return;
  }
}

function parseKey(json: string): Key {
  try {
    const key = JSON.parse(json) as Key;
    keyIdentity(key);
    return key;
  } catch (cause) {
    if (cause instanceof UserError) throw cause;
    throw new UsageError(
      `--key ${json}: it must be JSON, such as 7, "bid" or ["a",1]; mind your shell's quotes`,
    );
  }
}

function printEntry({ json, terminal }: Cli, { state, key, window, value }: SavedEntry): void {
  if (json)
    terminal.json({
      type: 'entry',
      state: state.name,
      key: jsonValue(key),
      ...(window === undefined ? {} : { window }),
      value: jsonValue(value),
    });
  else
    terminal.out(
      `${clean(state.name)}  ${text(key)}${window === undefined ? '' : `  @${window}`}  ${text(value)}`,
    );
}

function text(value: unknown): string {
  return inspect(value, { depth: null, breakLength: Infinity, maxArrayLength: null, maxStringLength: null });
}

async function diff(cli: Cli, before: OpenedSnapshot, after: OpenedSnapshot, values: boolean): Promise<void> {
  const { terminal } = cli;
  const totals = new Map<string, { added: number; removed: number; changed: number }>();
  for await (const { operator, before: old, after: now } of diffSnapshots(before, after)) {
    const entry = (now ?? old) as SavedEntry;
    const name = `${operator} / ${entry.state.name}`;
    const total = totals.get(name) ?? { added: 0, removed: 0, changed: 0 };
    const change = old === undefined ? 'added' : now === undefined ? 'removed' : 'changed';
    total[change] += 1;
    totals.set(name, total);
    if (!values) continue;
    const { key, state, window } = entry;
    const sides = { before: jsonValue(old?.value), after: jsonValue(now?.value) };
    if (cli.json)
      terminal.json({
        type: 'difference',
        change,
        operator,
        state: state.name,
        key: jsonValue(key),
        window,
        ...sides,
      });
    else {
      const of = `${clean(name)}  ${text(key)}${window === undefined ? '' : `  @${window}`}`;
      if (old !== undefined) terminal.out(terminal.paintOut('red', `- ${of}  ${text(old.value)}`));
      if (now !== undefined) terminal.out(terminal.paintOut('green', `+ ${of}  ${text(now.value)}`));
    }
  }
  if (cli.json)
    for (const [name, total] of totals) terminal.json({ type: 'differences', state: name, ...total });
  else if (totals.size === 0) terminal.out('No difference in keyed state.');
  else {
    if (values) terminal.out();
    const columns = ['Added', 'Removed', 'Changed'].map((title) => ({ title, align: 'right' as const }));
    const rows = [...totals].map(([name, { added, removed, changed }]) => [
      clean(name),
      ...[added, removed, changed].map(count),
    ]);
    for (const line of table([{ title: 'Operator / state' }, ...columns], rows)) terminal.out(line);
  }
}
