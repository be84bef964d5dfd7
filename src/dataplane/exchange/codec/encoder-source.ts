import { ABSENT } from './record-type.ts';
import { TAG } from './shape-plan.ts';
import type { Column, PlanNode, ShapePlan } from './shape-plan.ts';

type ObjectNode = Extract<PlanNode, { kind: 'object' }>;

/**
 * Source of `encode(values, from, to, run)`: appends records to the columns of `run` (a ShapeRun) and returns the index of
 * the first one that is not of the shape, which then has left no trace, or that it had no room for.
 *
 * Records are checked while they are written: same field names in the same order, same kinds of values. Texts of all records
 * are joined into one, which is written at once. Columns with one entry per record share the number of records as position;
 * others count for themselves and are set back when a record turns out not to fit.
 *
 * With `projecting`, the fields of the shape are all that is read of a record: it may have others, and missing ones count
 * as undefined.
 */
export function encoderSource(plan: ShapePlan, projecting: boolean): string {
  return new EncoderSource(plan).source(projecting);
}

class EncoderSource {
  readonly #plan: ShapePlan;
  readonly #constants: string[] = [];
  #names = 0;

  constructor(plan: ShapePlan) {
    this.#plan = plan;
  }

  source(projecting: boolean): string {
    const { root, columns } = this.#plan;
    const open = projecting && root.kind === 'object';
    const body = open ? this.#projection(root, 'record') : this.#value(root, 'record');
    const counted = columns.flatMap((column, id) => (column.perRecord ? [] : [id]));
    const each = (make: (id: number, column: Column) => string): string =>
      columns.map((column, id) => make(id, column)).join(' ');
    const eachCounted = (make: (id: number) => string): string => counted.map(make).join(' ');
    return `'use strict';
${this.#constants.join('\n')}
return function encode(values, from, to, run) {
  const { columns, counts, limit } = run;
  ${each((id, column) => `${column.perRecord ? 'const' : 'let'} c${id} = columns[${id}];`)}
  ${eachCounted((id) => `let n${id} = counts[${id}], m${id} = n${id};`)}
  let text = run.text, n = run.records, index = from;
  records: for (; index < to; index += 1) {
    let joined = text;
    const record = values[index];
${body}
    text = joined;
    n += 1;
    ${eachCounted((id) => `m${id} = n${id};`)}
    if (text.length${counted.map((id) => ` + n${id}`).join('')} > limit) {
      run.full = true;
      index += 1;
      break;
    }
  }
  run.text = text;
  run.records = n;
  ${eachCounted((id) => `counts[${id}] = m${id};`)}
  return index;
};`;
  }

  /**
   * Statements that write `value` or leave the record with `break records`.
   * @param missing an expression that says whether the field is missing
   */
  #value(node: PlanNode, value: string, missing?: string): string {
    const { tags, absent } = node;
    if (tags === undefined) return this.#present(node, value);
    const when = (condition: string, tag: number): string =>
      `if (${condition}) { ${this.#push(tags, String(tag))} }\nelse `;
    return [
      (absent & ABSENT.missing) !== 0 && missing !== undefined ? when(missing, TAG.missing) : '',
      (absent & ABSENT.null) !== 0 ? when(`${value} === null`, TAG.null) : '',
      (absent & ABSENT.undefined) !== 0 ? when(`${value} === undefined`, TAG.undefined) : '',
      `{ ${this.#push(tags, String(TAG.present))} ${this.#present(node, value)} }`,
    ].join('');
  }

  #present(node: PlanNode, value: string): string {
    switch (node.kind) {
      case 'nothing':
        return 'break records;';
      case 'number':
        return `${unless(`typeof ${value} === 'number'`)} ${this.#push(node.column, value)}`;
      case 'int':
        return `${unless(`typeof ${value} === 'number' && (${value} | 0) === ${value} && (${value} !== 0 || 1 / ${value} > 0)`)} ${this.#push(node.column, value)}`;
      case 'long':
        return `${unless(`Number.isSafeInteger(${value})`)} ${this.#push(node.column, value)}`;
      case 'string':
        return `${unless(`typeof ${value} === 'string'`)} joined += ${value}; ${this.#push(node.column, `${value}.length`)}`;
      case 'boolean':
        return `${unless(`typeof ${value} === 'boolean'`)} ${this.#push(node.column, `${value} ? 1 : 0`)}`;
      case 'bigint':
        return `${unless(`typeof ${value} === 'bigint' && BigInt.asIntN(64, ${value}) === ${value}`)} ${this.#push(node.column, value)}`;
      case 'date':
        return `${unless(`types.isDate(${value}) && ${value}.constructor === Date`)} ${this.#push(node.column, `${value}.getTime()`)}`;
      case 'any':
        return `${unless(`isPlain(${value})`)} ${this.#push(node.column, value)}`;
      case 'bytes':
        return `${unless(`types.isTypedArray(${value}) && ${value}.constructor === ${node.of}`)}
${this.#push(node.column, `${value}.byteLength`)} ${this.#push(node.blobs, value)} run.blobBytes += ${value}.byteLength;`;
      case 'object':
        return this.#object(node, value);
      case 'array':
        return this.#array(node, value);
      case 'set':
        return this.#set(node, value);
      case 'map':
        return this.#map(node, value);
      case 'tuple':
        return this.#tuple(node, value);
    }
  }

  #object(node: ObjectNode, value: string): string {
    const names = this.#name('names');
    const [key, count] = [this.#name('key'), this.#name('count')];
    this.#constants.push(`const ${names} = ${JSON.stringify(node.fields.map(({ name }) => name))};`);
    // A name too many does not equal the undefined that stands behind the names.
    const next = node.fields.some(mayBeMissing) ? this.#skip(node, names, key, count) : '';
    return `${unless(`typeof ${value} === 'object' && ${value} !== null && ${value}.constructor === Object`)}
let ${count} = 0;
for (const ${key} in ${value}) { ${next} if (${key} !== ${names}[${count}]) break records; ${count} += 1; }
${next === '' ? unless(`${count} === ${node.fields.length}`) : this.#skip(node, names, 'undefined', count)}
${node.fields.map((field) => this.#field(field, value)).join('\n')}`;
  }

  /** Statements that pass over names of fields that may be missing, up to `key`. */
  #skip(node: ObjectNode, names: string, key: string, count: string): string {
    const optional = this.#name('optional');
    this.#constants.push(`const ${optional} = ${JSON.stringify(node.fields.map(mayBeMissing))};`);
    const skip = `while (${count} < ${node.fields.length} && ${names}[${count}] !== ${key})`;
    return `${skip} { if (!${optional}[${count}]) break records; ${count} += 1; }`;
  }

  #field(field: ObjectNode['fields'][number], value: string): string {
    const local = this.#name('v');
    const name = JSON.stringify(field.name);
    // Every object has some names from its prototype: there a value says nothing.
    const inherited = field.name in Object.prototype;
    const missing = `${inherited ? '' : `${local} === undefined && `}!Object.hasOwn(${value}, ${name})`;
    return `const ${local} = ${value}[${name}];\n${this.#value(field.node, local, mayBeMissing(field) ? missing : undefined)}`;
  }

  #projection(node: ObjectNode, value: string): string {
    const fields = node.fields.map(({ name, node: field }) => {
      const local = this.#name('v');
      return `const ${local} = ${value}[${JSON.stringify(name)}];\n${this.#value(field, local)}`;
    });
    return `${unless(`typeof ${value} === 'object' && ${value} !== null && !Array.isArray(${value})`)}
${fields.join('\n')}`;
  }

  #tuple(node: Extract<PlanNode, { kind: 'tuple' }>, value: string): string {
    const items = node.items.map((item, index) => {
      const local = this.#name('v');
      return `const ${local} = ${value}[${index}];
${unless(`${local} !== undefined || ${index} in ${value}`)}
${this.#value(item, local)}`;
    });
    return `${unless(`Array.isArray(${value}) && ${value}.length === ${node.items.length}`)}
${items.join('\n')}`;
  }

  #array(node: Extract<PlanNode, { kind: 'array' | 'set' }>, value: string): string {
    const [at, item] = [this.#name('at'), this.#name('v')];
    return `${unless(`Array.isArray(${value})`)}
${this.#push(node.column, `${value}.length`)}
for (let ${at} = 0; ${at} < ${value}.length; ${at} += 1) {
const ${item} = ${value}[${at}];
${unless(`${item} !== undefined || ${at} in ${value}`)}
${this.#value(node.item, item)}
}`;
  }

  #set(node: Extract<PlanNode, { kind: 'array' | 'set' }>, value: string): string {
    const item = this.#name('v');
    return `${unless(`types.isSet(${value}) && ${value}.constructor === Set`)}
${this.#push(node.column, `${value}.size`)}
for (const ${item} of ${value}) { ${this.#value(node.item, item)} }`;
  }

  #map(node: Extract<PlanNode, { kind: 'map' }>, value: string): string {
    const [key, item] = [this.#name('k'), this.#name('v')];
    return `${unless(`types.isMap(${value}) && ${value}.constructor === Map`)}
${this.#push(node.column, `${value}.size`)}
for (const [${key}, ${item}] of ${value}) { ${this.#value(node.key, key)}\n${this.#value(node.item, item)} }`;
  }

  #push(id: number, value: string): string {
    const column = this.#plan.columns[id];
    if (column?.perRecord === true) return `c${id}[n] = ${value};`;
    const grows = column?.storage !== 'values' && column?.storage !== 'blobs';
    const grow = grows ? `if (n${id} === c${id}.length) c${id} = run.grow(${id}); ` : '';
    return `${grow}c${id}[n${id}] = ${value}; n${id} += 1;`;
  }

  #name(prefix: string): string {
    this.#names += 1;
    return `${prefix}${this.#names}_`;
  }
}

function mayBeMissing({ node }: ObjectNode['fields'][number]): boolean {
  return (node.absent & ABSENT.missing) !== 0;
}

function unless(condition: string): string {
  return `if (!(${condition})) break records;`;
}
