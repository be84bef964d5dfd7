import { DECLARED_TYPES } from '../functions/types/index.ts';

/** Declares what records and state are: `stream.returns(Types.record({ id: Types.LONG, name: Types.STRING }))`. */
export const Types = DECLARED_TYPES;
