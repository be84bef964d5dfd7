import { avroType } from '../formats/types/avro.ts';
import { protobufType } from '../formats/types/protobuf.ts';
import { DECLARED_TYPES } from '../functions/types/index.ts';

/** Declares what records and state are: `stream.returns(Types.record({ id: Types.LONG, name: Types.STRING }))`. */
export const Types = { ...DECLARED_TYPES, avro: avroType, protobuf: protobufType } as const;
