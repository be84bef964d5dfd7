import { InternalError } from '../../base/errors.ts';
import type { KeyIdentity } from '../key-encoding.ts';

/**
 * Keys of the store: operator (1 byte), table (1 byte), for changes the interval (4 bytes), key group (2 bytes), identity.
 * Numbers are big endian, so that a walk goes by key group.
 */
const TABLES = { rows: 0, changes: 1 } as const;
const HEAD_BYTES = 2;
const GROUP_BYTES = 2;
const INTERVAL_BYTES = 4;
const MAX_GROUP = 2 ** (8 * GROUP_BYTES) - 1;

/** What an identity is. `utf16`: a text with lone surrogates, which UTF-8 cannot hold. */
const TAG = { null: 0, false: 1, true: 2, number: 3, bigint: 4, text: 5, utf16: 6 } as const;

/** Makes and reads the keys of one operator. What `row` gives is valid until its next call. */
export class RowKeys {
  readonly #operator: number;
  #scratch: Buffer;

  /** @param operator its number within the subtask, below 255 */
  constructor(operator: number) {
    if (operator > 254) throw new InternalError(`a subtask has ${operator + 1} operators with keyed state`);
    this.#operator = operator;
    this.#scratch = Buffer.alloc(256);
  }

  row(group: number, identity: KeyIdentity): Uint8Array {
    return this.#key(TABLES.rows, 0, group, identity);
  }

  change(interval: number, group: number, identity: KeyIdentity): Uint8Array {
    return this.#key(TABLES.changes, interval, group, identity);
  }

  /** From the first row to behind the last. */
  get rows(): readonly [Uint8Array, Uint8Array] {
    return [Buffer.from([this.#operator, TABLES.rows]), Buffer.from([this.#operator, TABLES.rows + 1])];
  }

  /** From a key group's first row to behind its last. */
  rowsOf(group: number): readonly [Uint8Array, Uint8Array] {
    const bound = (of: number): Buffer => {
      const key = Buffer.from([this.#operator, TABLES.rows, 0, 0]);
      key.writeUInt16BE(of, HEAD_BYTES);
      return key;
    };
    return [bound(group), group === MAX_GROUP ? this.rows[1] : bound(group + 1)];
  }

  /** The changes of the intervals from `first` to `last`. */
  changes(first: number, last: number): readonly [Uint8Array, Uint8Array] {
    const bound = (interval: number): Buffer => {
      const key = Buffer.from([this.#operator, TABLES.changes, 0, 0, 0, 0]);
      key.writeUInt32BE(interval, HEAD_BYTES);
      return key;
    };
    return [bound(first), bound(last + 1)];
  }

  /** Of a change. */
  intervalOf(key: Uint8Array): number {
    return Buffer.from(key.buffer, key.byteOffset, key.byteLength).readUInt32BE(HEAD_BYTES);
  }

  groupOf(key: Uint8Array): number {
    const at = prefixBytes(key);
    return ((key[at] as number) << 8) | (key[at + 1] as number);
  }

  identityOf(key: Uint8Array): KeyIdentity {
    const buffer = Buffer.from(key.buffer, key.byteOffset, key.byteLength);
    const at = prefixBytes(key) + GROUP_BYTES;
    switch (buffer[at] as number) {
      case TAG.null:
        return null;
      case TAG.false:
        return false;
      case TAG.true:
        return true;
      case TAG.number:
        return buffer.readDoubleBE(at + 1);
      case TAG.bigint:
        return BigInt(buffer.toString('latin1', at + 1));
      case TAG.text:
        return buffer.toString('utf8', at + 1);
      case TAG.utf16:
        return buffer.toString('utf16le', at + 1);
      default:
        throw new InternalError(`a key of the local store has the unknown tag ${buffer[at]}`);
    }
  }

  #key(table: number, interval: number, group: number, identity: KeyIdentity): Uint8Array {
    if (typeof identity === 'string') this.#reserve(identity.length * 3);
    let key = this.#scratch;
    key[0] = this.#operator;
    key[1] = table;
    let at = HEAD_BYTES;
    if (table === TABLES.changes) at = key.writeUInt32BE(interval, at);
    at = key.writeUInt16BE(group, at);
    switch (typeof identity) {
      case 'string': {
        const plain = identity.isWellFormed();
        key[at] = plain ? TAG.text : TAG.utf16;
        at += 1 + key.write(identity, at + 1, plain ? 'utf8' : 'utf16le');
        break;
      }
      case 'number':
        key[at] = TAG.number;
        // Zero has one identity, whatever its sign.
        at = key.writeDoubleBE(identity + 0, at + 1);
        break;
      case 'bigint': {
        const digits = identity.toString();
        this.#reserve(digits.length);
        key = this.#scratch;
        key[at] = TAG.bigint;
        at += 1 + key.write(digits, at + 1, 'latin1');
        break;
      }
      case 'boolean':
        key[at] = identity ? TAG.true : TAG.false;
        at += 1;
        break;
      case 'object':
        key[at] = TAG.null;
        at += 1;
        break;
      case 'undefined':
      case 'function':
      case 'symbol':
        throw new InternalError(`a ${typeof identity} is no identity of a key`);
    }
    return key.subarray(0, at);
  }

  #reserve(bytes: number): void {
    const needed = bytes + HEAD_BYTES + INTERVAL_BYTES + GROUP_BYTES + 1;
    if (needed <= this.#scratch.length) return;
    const grown = Buffer.alloc(needed * 2);
    this.#scratch.copy(grown);
    this.#scratch = grown;
  }
}

function prefixBytes(key: Uint8Array): number {
  return key[1] === TABLES.changes ? HEAD_BYTES + INTERVAL_BYTES : HEAD_BYTES;
}
