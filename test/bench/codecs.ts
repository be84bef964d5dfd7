import { LearnedCodec, MsgpackBatchCodec } from '../../src/dataplane/exchange/index.ts';
import type { BatchCodec } from '../../src/dataplane/exchange/index.ts';

export type CodecName = 'learned' | 'msgpack';

export function newCodec(name: CodecName): BatchCodec {
  switch (name) {
    case 'learned':
      return new LearnedCodec();
    case 'msgpack':
      return new MsgpackBatchCodec();
  }
}
