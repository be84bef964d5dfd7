import { MsgpackBatchCodec } from '../../src/dataplane/exchange/index.ts';
import type { BatchCodec } from '../../src/dataplane/exchange/index.ts';

export type CodecName = 'msgpack';

export function newCodec(name: CodecName): BatchCodec {
  switch (name) {
    case 'msgpack':
      return new MsgpackBatchCodec();
  }
}
