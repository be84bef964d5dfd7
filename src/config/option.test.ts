import { describe, expect, it } from 'vitest';
import { ConfigurationError } from '../base/errors.ts';
import { parseConfiguration } from './load-configuration.adapter.ts';
import { memoryOption, refusedOption } from './option.ts';
import { OPTIONS } from './options.ts';

const SIZE = memoryOption('a.size', {
  defaultValue: undefined,
  description: '',
  min: 1024,
  max: 4 * 1024 ** 4,
});

describe('a memory option', () => {
  it.each([
    ['4096', 4096],
    ['32kb', 32 * 1024],
    ['32 KB', 32 * 1024],
    ['128m', 128 * 1024 ** 2],
    ['1.5 gb', 1.5 * 1024 ** 3],
    ['2 GiB', 2 * 1024 ** 3],
    ['1t', 1024 ** 4],
    ['2048 bytes', 2048],
  ])('when it is %s, then it is %i bytes', (text, bytes) => {
    expect(SIZE.parse(text)).toBe(bytes);
  });

  it.each([
    ['', 'is not a size of memory'],
    ['many', 'is not a size of memory'],
    ['12 parsecs', 'is not a size of memory'],
    ['-1mb', 'is not a size of memory'],
    ['1000', 'is not at least 1024 bytes'],
    ['5 tb', 'is not at most 4398046511104 bytes'],
  ])('when it is "%s", then it %s', (text, wrong) => {
    expect(() => SIZE.parse(text)).toThrow(ConfigurationError);
    expect(() => SIZE.parse(text)).toThrow(`a.size: "${text}" ${wrong}`);
  });
});

describe('a refused option', () => {
  it('when it is set, then loading says why, also by its other spelling; a harmless value is taken', () => {
    const load = (text: string) => () => parseConfiguration(text, 'config.yaml');
    expect(load('taskmanager.network.memory.buffer-debloat.enabled: true')).toThrow(
      /^config\.yaml:1: taskmanager\.network\.memory\.buffer-debloat\.enabled: "true" is refused: the data in flight/,
    );
    expect(load('taskmanager.network.socket.send-buffer-size: 65536')).toThrow('is refused: Node cannot set');
    const taken = load('taskmanager.network.memory.buffer-debloat.enabled: false')();
    expect(taken.get(OPTIONS.debloatEnabled)).toBeUndefined();
  });

  it('when it is listed, then its reason and what is taken are on the page', () => {
    const option = refusedOption('a.b', { reason: 'it means nothing here', harmless: ['0', 'false'] });
    expect([option.type, option.description]).toEqual([
      'refused',
      'Refused: it means nothing here. Only `0`, `false` is taken.',
    ]);
  });

  it('when all options are looked at, then no two share a spelling', () => {
    const spellings = Object.values(OPTIONS).flatMap(({ key, aliases }) => [key, ...aliases]);
    expect(new Set(spellings).size).toBe(spellings.length);
  });
});
