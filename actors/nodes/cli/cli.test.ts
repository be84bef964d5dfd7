import { describe, expect, it } from 'vitest';
import { stripVTControlCharacters } from 'node:util';
import { ConfigurationError, ExternalError, UserError, serializeError } from '../../../src/base/errors.ts';
import type { JobId, VertexId } from '../../../src/base/ids.ts';
import { newCounters } from '../../../src/dataplane/task/new-counters.ts';
import type { JobDetails } from '../../../src/protocol/job-status.ts';
import { InterruptedError, describeError, errorJson, exitCodeOf } from './describe-error.ts';
import { createReporter } from './run-reporter.ts';
import { clean, count, duration, table } from './table.ts';
import { Terminal } from './terminal.ts';
import type { OutputStream } from './terminal.ts';
import { VertexRates } from './vertex-rates.ts';

class Recorder implements OutputStream {
  text = '';
  readonly isTTY: boolean;
  readonly columns = 60;

  constructor(isTTY: boolean) {
    this.isTTY = isTTY;
  }

  write(text: string): boolean {
    this.text += text;
    return true;
  }
}

function terminalOf(
  isTTY: boolean,
  environment: NodeJS.ProcessEnv = {},
): { terminal: Terminal; out: Recorder; err: Recorder } {
  const out = new Recorder(isTTY);
  const err = new Recorder(isTTY);
  return { terminal: new Terminal(out, err, environment), out, err };
}

function jobOf(recordsIn: number, change: Partial<JobDetails> = {}): JobDetails {
  const counters = { ...newCounters(), numRecordsIn: recordsIn, numRecordsOut: recordsIn * 2 };
  return {
    jobId: 'j1' as JobId,
    name: 'two\nlines \u001b[31m',
    status: 'RUNNING',
    submittedAt: 1_000,
    tasksTotal: 2,
    tasksRunning: 2,
    taskStates: {},
    lastModified: 0,
    restarts: 0,
    results: 0,
    vertices: [
      {
        vertexId: 'v1' as VertexId,
        name: 'Source: numbers',
        parallelism: 2,
        maxParallelism: 128,
        subtasks: [
          { subtaskIndex: 0, attempt: 0, state: 'RUNNING', counters },
          { subtaskIndex: 1, attempt: 0, state: 'DEPLOYING' },
        ],
      },
    ],
    ...change,
  };
}

describe('Terminal', () => {
  it('when a line is written above a live block, then the block is taken away and drawn again below', () => {
    const { terminal, err } = terminalOf(true);
    terminal.live(['one', 'two']);
    terminal.err('news');
    expect(err.text).toBe('one\ntwo\n\u001b[2A\u001b[0Jnews\none\ntwo\n');
    terminal.endLive();
    expect(err.text.endsWith('\u001b[2A\u001b[0J')).toBe(true);
  });

  it('when it is no terminal, or CI, then there is no live block and no escape', () => {
    for (const [isTTY, environment] of [
      [false, {}],
      [true, { CI: 'true' }],
      [true, { TERM: 'dumb' }],
    ] as const) {
      const { terminal, err } = terminalOf(isTTY, environment);
      terminal.live(['one']);
      terminal.endLive();
      expect(err.text).toBe('');
    }
  });

  it('when NO_COLOR is set, then a terminal gets no colours', () => {
    expect(terminalOf(true).terminal.paintErr('red', 'x')).toBe('\u001b[31mx\u001b[39m');
    expect(terminalOf(true, { NO_COLOR: '1' }).terminal.paintErr('red', 'x')).toBe('x');
    expect(terminalOf(false).terminal.paintErr('red', 'x')).toBe('x');
  });

  it('when a live line is longer than the terminal is wide, then it is cut', () => {
    const { terminal, err } = terminalOf(true);
    terminal.live(['x'.repeat(200)]);
    expect(err.text).toBe(`${'x'.repeat(56)}...\n`);
  });
});

describe('progress of a job', () => {
  it('when records pass between two updates, then their rate is told; a restart does not make it negative', () => {
    const rates = new VertexRates();
    expect(rates.update(jobOf(100), 1_000)[0]).toMatchObject({ recordsIn: 100, recordsInPerSecond: 0 });
    expect(rates.update(jobOf(600), 1_500)[0]).toMatchObject({
      recordsIn: 600,
      recordsInPerSecond: 1_000,
      recordsOutPerSecond: 2_000,
      states: { RUNNING: 1, DEPLOYING: 1 },
    });
    expect(rates.update(jobOf(10), 2_000)[0]).toMatchObject({ recordsIn: 10, recordsInPerSecond: 0 });
  });

  it('when nothing has changed, then --json says nothing again', () => {
    const { terminal, out } = terminalOf(false);
    const reporter = createReporter(terminal, true);
    reporter.update(jobOf(5));
    const first = out.text;
    expect(
      first
        .trimEnd()
        .split('\n')
        .map((line) => (JSON.parse(line) as { type: string }).type),
    ).toEqual(['jobStatusChanged', 'vertexProgress']);
    reporter.update(jobOf(5));
    expect(out.text).toBe(first);
  });

  it('when a job restarts, then the reason is told once, and its name cannot forge lines', () => {
    const { terminal, err } = terminalOf(true);
    const reporter = createReporter(terminal, false);
    const failure = serializeError(new ExternalError('TaskManager tm-1 is lost'));
    reporter.submitted('j1', 'two\nlines \u001b[31m');
    reporter.update(jobOf(5, { status: 'RESTARTING', failure }));
    reporter.update(jobOf(5, { status: 'RUNNING', failure, restarts: 1 }));
    reporter.ended(jobOf(9, { status: 'FINISHED', failure, restarts: 1, endedAt: 4_200 }));
    const text = stripVTControlCharacters(err.text);
    expect(text).toContain('Job "two lines [31m" is submitted');
    expect(text.split('TaskManager tm-1 is lost')).toHaveLength(2);
    expect(text).toContain('is FINISHED after 1 restart, it took 3.2 s');
  });
});

describe('errors', () => {
  it('when causes add something, then they are on the same line; what is told already is not repeated', () => {
    const inner = new Error('disk is full\nreally');
    expect(describeError(serializeError(new UserError('part not written', { cause: inner })))).toBe(
      'part not written: disk is full really',
    );
    const told = new ExternalError('not reached: refused', {
      cause: new Error('refused', { cause: new Error('ECONN') }),
    });
    expect(describeError(serializeError(told))).toBe('not reached: refused');
    expect(errorJson(serializeError(told))).not.toHaveProperty('stack');
  });

  it('when an error ends a command, then its kind decides the exit code', () => {
    expect(exitCodeOf(new ConfigurationError('x'))).toBe(2);
    expect(exitCodeOf(new UserError('x'))).toBe(1);
    expect(exitCodeOf('anything')).toBe(1);
    expect(exitCodeOf(new InterruptedError('SIGINT'))).toBe(130);
    expect(exitCodeOf(new InterruptedError('SIGTERM'))).toBe(143);
  });
});

describe('tables', () => {
  it('when cells differ in length, then columns line up and nothing trails', () => {
    const lines = table(
      [{ title: 'Name' }, { title: 'n', align: 'right' }, { title: 'Last' }],
      [
        ['a', '1', ''],
        ['größer', '1,000', 'x'],
      ],
    );
    expect(lines).toEqual(['Name        n  Last', 'a           1', 'größer  1,000  x']);
  });

  it('when text is long or has control characters, then it is cut and cleaned', () => {
    expect(clean('x'.repeat(200), 10)).toBe('xxxxxxx...');
    expect(clean('a\u0000\r\nb')).toBe('a b');
    expect(count(1_234_567)).toBe('1,234,567');
    expect([850, 3_210, 245_000, 7_400_000].map(duration)).toEqual([
      '850 ms',
      '3.2 s',
      '4 min 5 s',
      '2 h 3 min',
    ]);
  });
});
