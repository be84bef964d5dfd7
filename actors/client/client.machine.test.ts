import { describe, expect, it } from 'vitest';
import { ExternalError, UserError, serializeError } from '../../src/base/errors.ts';
import type { JobDetails } from '../../src/protocol/job-status.ts';
import { walk } from '../test-support/walk.ts';
import { clientMachine } from './client.machine.ts';
import type { ClientEvent } from './client.machine.ts';

const SILENT = serializeError(new ExternalError('no answer'));

function polled(status: JobDetails['status']): ClientEvent {
  return { type: 'polled', job: { status } as JobDetails };
}
function last(...events: ClientEvent[]): unknown {
  const input = { pollIntervalMs: 10, timeoutMs: 100, now: 0 };
  return walk(clientMachine, input, ...events).at(-1)!.snapshot.value;
}

describe('client machine', () => {
  it('when the job is refused then the client ends there', () => {
    expect(last({ type: 'refused', error: SILENT })).toBe('refused');
  });

  it.each(['FINISHED', 'FAILED', 'CANCELED'] as const)(
    'when the job is %s then the client ends',
    (status) => {
      expect(last({ type: 'submitted' }, polled('RUNNING'), polled(status))).toBe('ended');
    },
  );

  it('when the dispatcher is silent shorter than the timeout then the client goes on asking', () => {
    const silent = (at: number): ClientEvent => ({ type: 'pollFailed', error: SILENT, at });
    expect(last({ type: 'submitted' }, silent(0), silent(90))).toEqual({ watching: 'pausing' });
    expect(last({ type: 'submitted' }, silent(0), polled('RUNNING'), silent(150))).toEqual({
      watching: 'pausing',
    });
    expect(last({ type: 'submitted' }, silent(0), silent(150))).toBe('lost');
  });

  it('when the dispatcher does not know the job then asking again is useless', () => {
    const unknown: ClientEvent = {
      type: 'pollFailed',
      error: serializeError(new UserError('no such job')),
      at: 0,
    };
    expect(last({ type: 'submitted' }, unknown)).toBe('lost');
  });
});
