import { Types } from '../../src/api/types.ts';
import { LearnedCodec, MsgpackBatchCodec } from '../../src/dataplane/exchange/index.ts';
import type { BatchCodec } from '../../src/dataplane/exchange/index.ts';
import type { EdgeRecords } from '../../src/graph/chain-plan.ts';

export type CodecName = 'learned' | 'declared' | 'projected' | 'avro' | 'msgpack';

const BID = Types.record({
  auction: Types.LONG,
  bidder: Types.LONG,
  price: Types.LONG,
  channel: Types.STRING,
  url: Types.STRING,
  dateTime: Types.LONG,
  extra: Types.STRING,
});

const AVRO_BID = {
  type: 'record',
  name: 'Bid',
  fields: Object.entries({
    auction: 'long',
    bidder: 'long',
    price: 'long',
    channel: 'string',
    url: 'string',
    dateTime: 'long',
    extra: 'string',
  }).map(([name, type]) => ({ name, type })),
};

export function newCodec(name: CodecName): BatchCodec {
  const edge = (records: Partial<EdgeRecords>): BatchCodec =>
    new LearnedCodec({ operator: 'bids', genericTypes: false, ...records });
  switch (name) {
    case 'learned':
      return new LearnedCodec();
    case 'declared':
      return edge({ type: BID });
    case 'projected':
      return edge({ type: BID, fields: ['auction', 'price'] });
    case 'avro':
      return edge({ type: Types.avro(AVRO_BID) });
    case 'msgpack':
      return new MsgpackBatchCodec();
  }
}
