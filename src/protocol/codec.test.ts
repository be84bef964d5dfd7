import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { clientRequest, dispatcherReply } from './client-dispatcher.ts';
import { zstdCompressSync } from 'node:zlib';
import { MESSAGE_BYTES_MAX } from '../base/limits.ts';
import {
  CONTENT_ENCODING,
  CONTENT_TYPE,
  JSON_CONTENT,
  ProtocolError,
  ZSTD,
  decodeMessage,
  encodeForWire,
  encodeMessage,
} from './codec.ts';
import { jobManagerRequest } from './job-manager.ts';
import { resourceManagerRequest } from './resource-manager.ts';
import { slotRequest } from './slot.ts';
import { subtaskRequest } from './subtask.ts';
import { taskManagerRequest } from './task-manager.ts';

const JSON_HEADERS = { [CONTENT_TYPE]: JSON_CONTENT };
const PROTOCOLS = {
  clientRequest,
  jobManagerRequest,
  resourceManagerRequest,
  slotRequest,
  subtaskRequest,
  taskManagerRequest,
};
const SUBMIT = {
  type: 'submitJob' as const,
  jobId: 'abc',
  module: { source: 'export default 1' },
  configuration: { 'parallelism.default': '2' },
};

function decode(message: object, headers: Record<string, string> = {}): unknown {
  const encoding = CONTENT_TYPE in headers ? 'json' : 'msgpack';
  return decodeMessage(clientRequest, encodeMessage(message, encoding), headers, 'here');
}

describe('messages', () => {
  it('when a message is sent in msgpack or JSON then the same one arrives', () => {
    expect(decode(SUBMIT)).toEqual(SUBMIT);
    expect(decode(SUBMIT, JSON_HEADERS)).toEqual(SUBMIT);
  });

  it.each(['msgpack', 'json'] as const)(
    'when a large message goes in %s, then it is compressed, and the same one arrives',
    (encoding) => {
      const large = { ...SUBMIT, module: { source: '// nothing\n'.repeat(20_000) } };
      const { payload, headers } = encodeForWire(large, encoding, true);
      expect(payload.byteLength).toBeLessThan(10_000);
      expect(decodeMessage(clientRequest, payload, headers, 'here')).toEqual(large);
      expect(encodeForWire(large, encoding, false).headers[CONTENT_ENCODING]).toBeUndefined();
      expect(encodeForWire(SUBMIT, encoding, true).headers[CONTENT_ENCODING]).toBeUndefined();
    },
  );

  it('when a compressed message holds more than any may, or nothing that can be read, then it is refused', () => {
    const headers = { [CONTENT_ENCODING]: ZSTD };
    for (const payload of [zstdCompressSync(new Uint8Array(MESSAGE_BYTES_MAX + 1)), encodeMessage(SUBMIT)])
      expect(() => decodeMessage(clientRequest, payload, headers, 'here')).toThrow(ProtocolError);
  });

  it.each(Object.entries(PROTOCOLS))(
    'when bytes are random then %s refuses them, naming the subject',
    (_, schema) => {
      fc.assert(
        fc.property(fc.uint8Array({ maxLength: 200 }), fc.boolean(), (bytes, json) => {
          expect(() =>
            decodeMessage(schema as never, bytes, json ? JSON_HEADERS : {}, 'mr.c.dispatcher'),
          ).toThrow(ProtocolError);
        }),
      );
    },
  );

  it('when a value is anything at all then it is decoded to a message or refused, never something else', () => {
    fc.assert(
      fc.property(fc.anything({ withNullPrototype: false }), (value) => {
        let payload: Uint8Array;
        try {
          payload = encodeMessage(value as object);
        } catch {
          return;
        }
        expect(() => decodeMessage(jobManagerRequest, payload, {}, 's')).toThrow(ProtocolError);
      }),
    );
  });

  it('when a field is missing, wrong or unknown then the error names it', () => {
    expect(() => decode({ type: 'cancelJob' })).toThrow(/jobId/);
    expect(() => decode({ ...SUBMIT, configuration: { a: 1 } })).toThrow(/configuration/);
    expect(() => decode({ ...SUBMIT, paralelism: 3 })).toThrow(/paralelism/);
    expect(() => decode({ type: 'submitJobs' })).toThrow(ProtocolError);
  });

  it.each(['a.b', '*', '>', '', 'a b', 'x'.repeat(129), 'ü', '../x', 'a\r\nb'])(
    'when an id is %j then it is refused',
    (jobId) => {
      expect(() => decode({ type: 'cancelJob', jobId })).toThrow(/not an id/);
    },
  );

  it('when a message carries __proto__ or constructor then nothing is polluted', () => {
    const json = '{"type":"listJobs","__proto__":{"polluted":1}}';
    expect(() => decodeMessage(clientRequest, new TextEncoder().encode(json), JSON_HEADERS, 's')).toThrow(
      ProtocolError,
    );
    const inConfiguration = `{"type":"submitJob","module":{"source":"x"},"configuration":{"__proto__":"x","constructor":"y"}}`;
    decodeMessage(clientRequest, new TextEncoder().encode(inConfiguration), JSON_HEADERS, 's');
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });

  it('when a message nests a hundred thousand levels then it is refused and the process lives', () => {
    const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
    expect(() => decodeMessage(clientRequest, new TextEncoder().encode(deep), JSON_HEADERS, 's')).toThrow(
      ProtocolError,
    );
    const bytes = new Uint8Array(100_000).fill(0x91);
    expect(() => decodeMessage(clientRequest, bytes, {}, 's')).toThrow(ProtocolError);
  });

  it('when a reply holds rows of any plain kind then they arrive in msgpack', () => {
    const rows = [{ at: new Date(5), big: 12n, none: undefined, list: [1, [2]] }, null, 'text', 1.5];
    const reply = { type: 'results' as const, attempt: 0, from: 0, rows, complete: true };
    expect(decodeMessage(dispatcherReply, encodeMessage(reply), {}, 's')).toEqual(reply);
  });
});
