import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { LineCounter, isMap, isScalar, isSeq, parseDocument } from 'yaml';
import type { Document, Node, Pair } from 'yaml';
import { ConfigurationError } from '../base/errors.ts';
import { Configuration } from './configuration.ts';

/** Names the folder that holds `config.yaml`, as Flink's `FLINK_CONF_DIR`. */
export const CONF_DIR = 'MILLRACE_CONF_DIR';

export interface ConfigurationSources {
  /** A YAML file that must exist; in place of `$MILLRACE_CONF_DIR/config.yaml`. */
  readonly file?: string | undefined;
  /** `key=value`, over the file; later ones win. */
  readonly overrides?: readonly string[];
  readonly environment?: NodeJS.ProcessEnv;
}

/**
 * The configuration of a node or client: the file, then `-D` over it.
 * @throws ConfigurationError naming the file and line, or the option, and what is wrong with it.
 */
export function loadConfiguration(sources: ConfigurationSources): Configuration {
  const { overrides = [], environment = process.env } = sources;
  const directory = environment[CONF_DIR] ?? '';
  const file = sources.file ?? (directory === '' ? undefined : join(directory, 'config.yaml'));
  const fromFile = file === undefined ? Configuration.EMPTY : readConfigurationFile(file);
  return fromFile.with(Configuration.of(overrides.map(parseOverride)));
}

/** Reads `config.yaml`: nested or flat keys, or a mix of both, as Flink's. */
export function readConfigurationFile(file: string): Configuration {
  if (!existsSync(file)) {
    throw new ConfigurationError(
      `there is no configuration file ${file} (given by --config, or by ${CONF_DIR}, which names its folder)`,
    );
  }
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    throw new ConfigurationError(`the configuration file ${file} cannot be read`, { cause });
  }
  return parseConfiguration(text, file);
}

/** @param file named in errors */
export function parseConfiguration(text: string, file: string): Configuration {
  const lines = new LineCounter();
  const document: Document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const where = (offset: number | undefined): string =>
    offset === undefined ? file : `${file}:${lines.linePos(offset).line}`;
  const broken = document.errors[0];
  if (broken !== undefined) {
    throw new ConfigurationError(`${where(broken.pos[0])}: not valid YAML: ${broken.message}`);
  }
  const entries: [string, string][] = [];
  const root = document.contents;
  if (root === null || (isScalar(root) && root.value === null)) return Configuration.EMPTY;
  if (!isMap(root)) throw new ConfigurationError(`${file}: expected "key: value" lines`);
  flatten(root.items as Pair<Node, Node | null>[], '', (key, value, offset) => {
    try {
      Configuration.of([[key, value]]);
    } catch (error) {
      if (!(error instanceof ConfigurationError)) throw error;
      throw new ConfigurationError(`${where(offset)}: ${error.message}`, { cause: error });
    }
    entries.push([key, value]);
  });
  return Configuration.of(entries);
}

type Take = (key: string, value: string, offset: number | undefined) => void;

/** `a: {b: 1}` and `a.b: 1` are the same key. A key without a value, as where all below it is commented out, sets nothing. */
function flatten(pairs: readonly Pair<Node, Node | null>[], prefix: string, take: Take): void {
  for (const { key, value } of pairs) {
    const name = `${prefix}${isScalar(key) ? String(key.value) : String(key)}`;
    if (value === null) continue;
    if (isMap(value)) flatten(value.items as Pair<Node, Node | null>[], `${name}.`, take);
    else if (isSeq(value)) take(name, value.items.map(listItem).join(';'), value.range?.[0]);
    else if (isScalar(value) && value.value !== null) take(name, scalarText(value), value.range?.[0]);
  }
}

/** As written, so that `0x10` or `1e3` reach the option's own parser unchanged. */
function scalarText(scalar: { readonly value: unknown; readonly source?: string | undefined }): string {
  return typeof scalar.value === 'string' ? scalar.value : (scalar.source ?? String(scalar.value));
}

function listItem(item: unknown): string {
  return isScalar(item) ? scalarText(item) : String(item);
}

function parseOverride(text: string): [string, string] {
  const at = text.indexOf('=');
  if (at > 0) return [text.slice(0, at).trim(), text.slice(at + 1)];
  throw new ConfigurationError(`-D ${text.slice(0, 200)}: expected key=value, say -D parallelism.default=4`);
}
