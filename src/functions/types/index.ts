export { BYTES_CLASSES } from './bytes-classes.ts';
export type { BytesClass } from './bytes-classes.ts';
export { descriptorFromJson, descriptorToJson, fingerprintOf } from './descriptor.ts';
export type { FieldDescriptor, LeafKind, TypeDescriptor } from './descriptor.ts';
export { findMisfit, mayBeMissing } from './misfit.ts';
export type { Misfit } from './misfit.ts';
export { OptionalType, TypeInformation } from './type-information.ts';
export type { FieldTypes, RecordOf, TypeOf, TypeSerializer } from './type-information.ts';
export { DECLARED_TYPES } from './types.ts';
