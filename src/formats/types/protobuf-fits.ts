import type { DescField, DescMessage, DescOneof, ScalarType } from '@bufbuild/protobuf';
import { UserError } from '../../base/errors.ts';

/** Values of the library's enums, which exist only once it is loaded: those of descriptor.proto. */
const PROTO3 = 999;
const IMPLICIT = 2;
const SCALAR = {
  double: 1,
  float: 2,
  int64: 3,
  uint64: 4,
  int32: 5,
  fixed64: 6,
  fixed32: 7,
  bool: 8,
  string: 9,
  bytes: 12,
  uint32: 13,
  sfixed32: 15,
  sfixed64: 16,
  sint32: 17,
  sint64: 18,
} as const;

const UINT32_MAX = 2 ** 32 - 1;
const BITS = 64;

/** Messages that the library shows as something else: a bare value, or JSON. */
const SHOWN_OTHERWISE = /^google\.protobuf\.(Struct|\w+Value)$/;

/** @throws UserError for messages that do not come back as they went */
export function checkProtobuf(message: DescMessage, seen: Set<DescMessage> = new Set()): void {
  if (seen.has(message)) return;
  seen.add(message);
  const refuse = (why: string): UserError =>
    new UserError(`Types.protobuf: message ${message.typeName} ${why}; use Types.record or another message`);
  if ((message.file.edition as number) !== PROTO3)
    throw refuse('is not of proto3: its default values live on a prototype, which no record keeps');
  if (SHOWN_OTHERWISE.test(message.typeName)) throw refuse('has a form of its own in JavaScript');
  for (const field of message.fields) {
    if ('longAsString' in field && field.longAsString)
      throw refuse(`has 64-bit numbers as texts (${field.name})`);
    if (field.message !== undefined) checkProtobuf(field.message, seen);
  }
}

/** Whether the message comes back as it is. */
export function protobufFits(schema: DescMessage, value: unknown): boolean {
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype)
    return false;
  const message = value as Readonly<Record<string, unknown>>;
  if (message['$typeName'] !== schema.typeName) return false;
  let seen = 1;
  for (const member of schema.members) {
    const name = member.localName;
    if (!Object.hasOwn(message, name)) {
      if (member.kind === 'field' && mayBeMissing(member)) continue;
      return false;
    }
    const fits =
      member.kind === 'oneof' ? oneofFits(member, message[name]) : fieldFits(member, message[name]);
    if (!fits) return false;
    seen += 1;
  }
  return Object.keys(message).length === seen;
}

function mayBeMissing(field: DescField): boolean {
  return (
    (field.fieldKind === 'scalar' || field.fieldKind === 'enum' || field.fieldKind === 'message') &&
    (field.presence as number) !== IMPLICIT
  );
}

function oneofFits(oneof: DescOneof, value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { case: chosen, value: inner } = value as { readonly case?: unknown; readonly value?: unknown };
  const keys = Object.keys(value).length;
  if (chosen === undefined) return keys === 1 && 'case' in value;
  const field = oneof.fields.find(({ localName }) => localName === chosen);
  return field !== undefined && keys === 2 && fieldFits(field, inner);
}

function fieldFits(field: DescField, value: unknown): boolean {
  switch (field.fieldKind) {
    case 'scalar':
      return scalarFits(field.scalar, value);
    case 'enum':
      return isInt32(value);
    case 'message':
      return protobufFits(field.message, value);
    case 'list':
      return Array.isArray(value) && value.every((item) => itemFits(field, item)) && !hasHoles(value);
    case 'map': {
      if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype)
        return false;
      return Object.entries(value).every(
        ([key, item]) => keyFits(field.mapKey, key) && itemFits(field, item),
      );
    }
  }
}

function itemFits(field: DescField & { fieldKind: 'list' | 'map' }, item: unknown): boolean {
  if (field.scalar !== undefined) return scalarFits(field.scalar, item);
  return field.message === undefined ? isInt32(item) : protobufFits(field.message, item);
}

/** -0 is left out like 0 where a field has no presence. */
function scalarFits(scalar: ScalarType, value: unknown): boolean {
  switch (scalar as number) {
    case SCALAR.double:
      return typeof value === 'number' && !Object.is(value, -0);
    case SCALAR.float:
      return typeof value === 'number' && Object.is(Math.fround(value), value) && !Object.is(value, -0);
    case SCALAR.int32:
    case SCALAR.sint32:
    case SCALAR.sfixed32:
      return isInt32(value);
    case SCALAR.uint32:
    case SCALAR.fixed32:
      return (
        Number.isInteger(value) &&
        !Object.is(value, -0) &&
        (value as number) >= 0 &&
        (value as number) <= UINT32_MAX
      );
    case SCALAR.int64:
    case SCALAR.sint64:
    case SCALAR.sfixed64:
      return typeof value === 'bigint' && BigInt.asIntN(BITS, value) === value;
    case SCALAR.uint64:
    case SCALAR.fixed64:
      return typeof value === 'bigint' && BigInt.asUintN(BITS, value) === value;
    case SCALAR.bool:
      return typeof value === 'boolean';
    case SCALAR.string:
      return typeof value === 'string' && value.isWellFormed();
    case SCALAR.bytes:
      return value instanceof Uint8Array && Object.getPrototypeOf(value) === Uint8Array.prototype;
    default:
      return false;
  }
}

/** Keys are texts in JavaScript, whatever they are in the message. */
function keyFits(scalar: ScalarType, key: string): boolean {
  switch (scalar as number) {
    case SCALAR.string:
      return key !== '__proto__' && key.isWellFormed();
    case SCALAR.bool:
      return key === 'true' || key === 'false';
    default:
      return (
        /^(0|-?[1-9]\d{0,18})$/.test(key) && scalarFits(scalar, is64(scalar) ? BigInt(key) : Number(key))
      );
  }
}

function is64(scalar: ScalarType): boolean {
  return [SCALAR.int64, SCALAR.uint64, SCALAR.fixed64, SCALAR.sfixed64, SCALAR.sint64].some(
    (each) => each === (scalar as number),
  );
}

function isInt32(value: unknown): boolean {
  return typeof value === 'number' && (value | 0) === value && !Object.is(value, -0);
}

function hasHoles(list: readonly unknown[]): boolean {
  return list.length > 0 && Object.keys(list).length !== list.length;
}
