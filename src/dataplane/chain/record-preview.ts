import { types } from 'node:util';
import { RECORD_PREVIEW_CHARS } from '../../base/limits.ts';

const MAX_ENTRIES = 20;
const MAX_DEPTH = 4;

/** A record as short text for messages: bounded for huge and cyclic values, and never throws. */
export function previewRecord(value: unknown, maxChars = RECORD_PREVIEW_CHARS): string {
  const preview = new Preview(maxChars);
  preview.write(value, 0);
  return preview.text.length > maxChars ? `${preview.text.slice(0, maxChars)}...` : preview.text;
}

class Preview {
  text = '';
  readonly #maxChars: number;

  constructor(maxChars: number) {
    this.#maxChars = maxChars;
  }

  write(value: unknown, depth: number): void {
    if (this.text.length > this.#maxChars) return;
    switch (typeof value) {
      case 'string':
        this.text += JSON.stringify(
          value.length > this.#maxChars ? `${value.slice(0, this.#maxChars)}...` : value,
        );
        return;
      case 'bigint':
        this.text += `${value}n`;
        return;
      case 'function':
        this.text += '[function]';
        return;
      case 'object':
        if (value === null) this.text += 'null';
        else this.#writeObject(value, depth);
        return;
      case 'number':
        this.text += Object.is(value, -0) ? '-0' : String(value);
        return;
      case 'boolean':
      case 'symbol':
      case 'undefined':
        this.text += String(value);
    }
  }

  #writeObject(value: object, depth: number): void {
    if (depth >= MAX_DEPTH) {
      this.text += Array.isArray(value) ? '[...]' : '{...}';
      return;
    }
    try {
      if (types.isDate(value))
        this.text += Number.isNaN(value.getTime()) ? 'Invalid Date' : value.toISOString();
      else if (Array.isArray(value)) this.#writeList('[', ']', value.length, value, depth);
      else if (ArrayBuffer.isView(value)) this.text += `${value.constructor.name}(${value.byteLength} bytes)`;
      else if (value instanceof Set) this.#writeList('Set{', '}', value.size, value, depth);
      else if (value instanceof Map) this.#writeList('Map{', '}', value.size, value, depth);
      else this.#writeFields(value, depth);
    } catch {
      this.text += '[unreadable]';
    }
  }

  #writeList(open: string, close: string, size: number, items: Iterable<unknown>, depth: number): void {
    this.text += open;
    let count = 0;
    for (const item of items) {
      if (count >= MAX_ENTRIES || this.text.length > this.#maxChars) break;
      if (count > 0) this.text += ',';
      this.write(item, depth + 1);
      count += 1;
    }
    if (count < size) this.text += ',...';
    this.text += close;
  }

  #writeFields(value: object, depth: number): void {
    const name = (value as { constructor?: { name?: unknown } }).constructor?.name;
    this.text += typeof name === 'string' && name !== 'Object' ? `${name}{` : '{';
    let count = 0;
    for (const field in value) {
      if (!Object.hasOwn(value, field)) continue;
      if (count >= MAX_ENTRIES || this.text.length > this.#maxChars) {
        this.text += ',...';
        break;
      }
      if (count > 0) this.text += ',';
      this.text += `${field.slice(0, this.#maxChars)}:`;
      this.write((value as Record<string, unknown>)[field], depth + 1);
      count += 1;
    }
    this.text += '}';
  }
}
