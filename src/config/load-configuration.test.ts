import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { ConfigurationError } from '../base/errors.ts';
import { CONF_DIR, loadConfiguration, parseConfiguration } from './load-configuration.adapter.ts';
import { OPTIONS } from './options.ts';

const folders: string[] = [];

function folderWith(text: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-conf-'));
  folders.push(folder);
  writeFileSync(join(folder, 'config.yaml'), text);
  return folder;
}

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

describe('config.yaml', () => {
  it('when keys are nested, flat or both, then they mean the same', () => {
    const nested = parseConfiguration('heartbeat:\n  interval: 2 s\n  timeout: 9s\n', 'config.yaml');
    const flat = parseConfiguration('heartbeat.interval: 2 s\nheartbeat.timeout: 9s\n', 'config.yaml');
    const mixed = parseConfiguration('heartbeat:\n  interval: 2 s\nheartbeat.timeout: 9s\n', 'config.yaml');
    expect(nested.toRecord()).toEqual(flat.toRecord());
    expect(mixed.toRecord()).toEqual(flat.toRecord());
    expect(nested.get(OPTIONS.heartbeatTimeout)).toBe(9_000);
  });

  it('when values are numbers, booleans or durations, then the typed options read them', () => {
    const text =
      'parallelism.default: 4\ncluster.evenly-spread-out-slots: true\nslot.request.timeout: 5 min\n';
    const configuration = parseConfiguration(text, 'config.yaml');
    expect(configuration.get(OPTIONS.parallelism)).toBe(4);
    expect(configuration.get(OPTIONS.evenlySpread)).toBe(true);
    expect(configuration.get(OPTIONS.slotRequestTimeout)).toBe(300_000);
  });

  it('when the file is empty or a key has no value, then nothing is set', () => {
    expect(parseConfiguration('', 'config.yaml').toRecord()).toEqual({});
    expect(parseConfiguration('# nothing\n', 'config.yaml').toRecord()).toEqual({});
    expect(parseConfiguration('heartbeat:\n  # interval: 1 s\n', 'config.yaml').toRecord()).toEqual({});
  });

  it('when a key is not known, then file, line and the nearest key are named', () => {
    const text = 'parallelism:\n  default: 2\nheartbeat:\n  intervall: 1 s\n';
    expect(() => parseConfiguration(text, 'conf/config.yaml')).toThrow(
      /^conf\/config\.yaml:4: unknown configuration key "heartbeat\.intervall"; did you mean "heartbeat\.interval"\?/,
    );
  });

  it('when a value cannot be read, then file, line and key are named', () => {
    expect(() => parseConfiguration('\nheartbeat.interval: soon\n', 'config.yaml')).toThrow(
      /^config\.yaml:2: heartbeat\.interval: "soon" is not a duration/,
    );
  });

  it('when the YAML is broken, then file and line are named', () => {
    expect(() => parseConfiguration('a: 1\nb: [1, 2\n', 'config.yaml')).toThrow(
      /^config\.yaml:\d+: not valid YAML/,
    );
    expect(() => parseConfiguration('just text', 'config.yaml')).toThrow(
      'config.yaml: expected "key: value" lines',
    );
  });

  it('when a key stands twice, then it is refused', () => {
    const text = 'parallelism.default: 1\nparallelism.default: 2\n';
    expect(() => parseConfiguration(text, 'config.yaml')).toThrow(/^config\.yaml:2: not valid YAML/);
  });
});

describe('loadConfiguration', () => {
  it('when -D and the file set a key, then -D wins, and the last -D over earlier ones', () => {
    const environment = { [CONF_DIR]: folderWith('parallelism.default: 2\nheartbeat.interval: 7 s\n') };
    const overrides = ['parallelism.default=3', 'parallelism.default=5'];
    const configuration = loadConfiguration({ environment, overrides });
    expect(configuration.get(OPTIONS.parallelism)).toBe(5);
    expect(configuration.get(OPTIONS.heartbeatInterval)).toBe(7_000);
  });

  it('when a file is given, then the folder of the environment is not read', () => {
    const environment = { [CONF_DIR]: '/does/not/exist' };
    const file = join(folderWith('parallelism.default: 6\n'), 'config.yaml');
    expect(loadConfiguration({ environment, file }).get(OPTIONS.parallelism)).toBe(6);
  });

  it('when the file is missing, then its path is named', () => {
    expect(() => loadConfiguration({ file: '/does/not/exist.yaml', environment: {} })).toThrow(
      '/does/not/exist.yaml',
    );
    expect(() => loadConfiguration({ environment: { [CONF_DIR]: '/does/not' } })).toThrow(
      '/does/not/config.yaml',
    );
  });

  it('when nothing is given, then all defaults hold', () => {
    expect(loadConfiguration({ environment: {} }).toRecord()).toEqual({});
  });

  it('when -D is malformed or unknown, then it is refused with what was meant', () => {
    expect(() => loadConfiguration({ overrides: ['parallelism.default'], environment: {} })).toThrow(
      ConfigurationError,
    );
    expect(() => loadConfiguration({ overrides: ['=1'], environment: {} })).toThrow('expected key=value');
    expect(() => loadConfiguration({ overrides: ['paralelism.default=1'], environment: {} })).toThrow(
      'did you mean "parallelism.default"?',
    );
  });

  it('when a value contains "=", then only the first one separates', () => {
    const overrides = ['pipeline.global-job-parameters.filter=a=b'];
    expect(loadConfiguration({ overrides, environment: {} }).parameters().get('filter')).toBe('a=b');
  });
});
