import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ConfigurationError } from '../../../src/base/errors.ts';
import { type LoggerOptions, createLogger } from './pino-logger.ts';
import { formatLine, wantsColour } from './log-format.ts';
import { systemClock } from './system-clock.ts';
import { systemRandom } from './system-random.ts';

describe('systemClock', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('when a delay is longer than Node can wait, the timer fires after it and not at once', () => {
    const days60 = 60 * 86_400_000;
    const fired = vi.fn<() => void>();
    systemClock.setTimeout(fired, days60);
    vi.advanceTimersByTime(days60 - 1);
    expect(fired).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(fired).toHaveBeenCalledOnce();
  });

  it('when a timer is cleared, also in a later stage, it does not fire', () => {
    const fired = vi.fn<() => void>();
    const [short, long] = [systemClock.setTimeout(fired, 10), systemClock.setTimeout(fired, 2 ** 32)];
    systemClock.clearTimeout(short);
    vi.advanceTimersByTime(2 ** 31);
    systemClock.clearTimeout(long);
    vi.advanceTimersByTime(2 ** 33);
    expect(fired).not.toHaveBeenCalled();
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('systemRandom', () => {
  it('when numbers are drawn, they are in [0, 1) and ids have their length and differ', () => {
    for (let at = 0; at < 1_000; at++) {
      const value = systemRandom.next();
      expect(value).toBeGreaterThanOrEqual(0);
      expect(value).toBeLessThan(1);
    }
    expect(systemRandom.hex(16)).toMatch(/^[0-9a-f]{32}$/);
    expect(systemRandom.hex(16)).not.toBe(systemRandom.hex(16));
  });
});

describe('createLogger', () => {
  let folder: string;
  let written: string[];
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'millrace-log-'));
    written = [];
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));
  const options = (more: Partial<LoggerOptions> = {}): LoggerOptions => ({
    role: 'taskmanager-1',
    console: { write: (text: string) => written.push(text) },
    environment: {},
    ...more,
  });

  it('when a line is logged, people read it on one line without colour, and the file has it as JSON', () => {
    const file = join(folder, 'deep', 'node.log');
    const logger = createLogger(options({ file }));
    logger.child({ slot: 2 }).warn('slot is gone', { reason: 'lease ended', jobId: 'ab12' });
    logger.close();
    expect(written).toHaveLength(1);
    expect(written[0]).toMatch(
      /^\d\d:\d\d:\d\d\.\d{3} WARN {2}taskmanager-1 slot is gone slot=2 reason="lease ended" jobId=ab12\n$/,
    );
    expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({
      level: 40,
      role: 'taskmanager-1',
      slot: 2,
      reason: 'lease ended',
      msg: 'slot is gone',
    });
  });

  it('when an error is logged, people see its message and the file its stack and cause', () => {
    const file = join(folder, 'node.log');
    const logger = createLogger(options({ file }));
    logger.error('job failed', { error: new Error('outer', { cause: new Error('inner') }) });
    logger.close();
    expect(written[0]).toMatch(/ERROR .*job failed error="outer/);
    expect(written[0]?.split('\n')).toHaveLength(2);
    const line = JSON.parse(readFileSync(file, 'utf8')) as {
      error: { stack: string; cause: { message: string } };
    };
    expect(line.error.stack).toContain('adapters.test.ts');
    expect(line.error.cause.message).toBe('inner');
  });

  it('when the level is below the chosen one, nothing is written', () => {
    const logger = createLogger(options({ level: 'warn' }));
    logger.info('quiet');
    logger.error('loud');
    createLogger(options({ level: 'silent' })).error('nothing');
    createLogger(options({ level: 'debug' })).debug('detail');
    expect(written.map((line) => line.replace(/^\S+ /, ''))).toEqual([
      'ERROR taskmanager-1 loud\n',
      'DEBUG taskmanager-1 detail\n',
    ]);
  });

  it('when a message holds line breaks or escapes, it stays one line and drives no terminal', () => {
    const logger = createLogger(options());
    logger.info('a\nb\u001b[2J', { 'na\nme': 'x\r\n\u001b]0;t\u0007', long: 'y'.repeat(10_000) });
    expect(written[0]?.split('\n')).toHaveLength(2);
    expect(written[0]).not.toContain('\u001b');
    expect(written[0]?.length).toBeLessThan(1_000);
  });

  it('when fields have the names of the line itself, they are kept under other names', () => {
    const logger = createLogger(options({ json: true }));
    logger.info('real', { msg: 'fake', level: 'x', time: 1, role: 'subtask' });
    const line = JSON.parse(written[0] ?? '{}') as Record<string, unknown>;
    expect(line).toMatchObject({ msg: 'real', level: 30, msg_: 'fake', level_: 'x', time_: 1 });
  });

  it('when the console is a terminal, the role has a colour unless NO_COLOR is set', () => {
    const terminal = { write: (text: string) => written.push(text), isTTY: true };
    createLogger(options({ console: terminal })).info('x');
    createLogger(options({ console: terminal, environment: { NO_COLOR: '1' } })).info('x');
    expect(written[0]).toContain('\u001b[32mtaskmanager-1');
    expect(written[1]).not.toContain('\u001b');
  });

  it('when the log file cannot be opened, the error names it', () => {
    expect(() => createLogger(options({ file: folder }))).toThrow(ConfigurationError);
    expect(() => createLogger(options({ file: folder }))).toThrow(folder);
  });
});

describe('wantsColour', () => {
  it.each([
    [true, {}, true],
    [false, {}, false],
    [true, { NO_COLOR: '' }, true],
    [true, { NO_COLOR: '1', FORCE_COLOR: '1' }, false],
    [false, { FORCE_COLOR: '1' }, true],
    [true, { FORCE_COLOR: '0' }, false],
    [true, { TERM: 'dumb' }, false],
  ])('when the terminal is %s and the environment %j, it answers %s', (isTerminal, environment, expected) => {
    expect(wantsColour(isTerminal, environment)).toBe(expected);
  });
});

describe('formatLine', () => {
  it('when two roles differ only in their number, they share a colour', () => {
    const colourOf = (role: string): string | undefined =>
      formatLine(JSON.stringify({ time: 0, level: 30, role, msg: '' }), true)
        .split(role)[0]
        ?.slice(-5);
    expect(colourOf('worker-1')).toBe(colourOf('worker-2'));
    expect(colourOf('jobmanager')).not.toBe(colourOf('taskmanager'));
  });
});
