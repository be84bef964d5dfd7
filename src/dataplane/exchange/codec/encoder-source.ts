import type { Column, PlanNode, ShapePlan } from './shape-plan.ts';

/**
 * Source of `encode(values, from, to, run)`: appends records to the columns of `run` (a ShapeRun) and returns the index of
 * the first one that is not of the shape, which then has left no trace, or that it had no room for.
 *
 * Records are checked while they are written: same field names in the same order, same kinds of values. Texts of all records
 * are joined into one, which is written at once. Columns with one entry per record share the number of records as position;
 * others count for themselves and are set back when a record turns out not to fit.
 */
export function encoderSource(plan: ShapePlan): string {
  return new EncoderSource(plan).source();
}

class EncoderSource {
  readonly #plan: ShapePlan;
  readonly #constants: string[] = [];
  #names = 0;

  constructor(plan: ShapePlan) {
    this.#plan = plan;
  }

  source(): string {
    const body = this.#value(this.#plan.root, 'record');
    const { columns } = this.#plan;
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

  /** Statements that write `value` or leave the record with `break records`. */
  #value(node: PlanNode, value: string): string {
    const { tags } = node;
    if (tags === undefined) return this.#present(node, value);
    return `if (${value} === null) { ${this.#push(tags, '1')} }
else if (${value} === undefined) { ${this.#push(tags, '2')} }
else { ${this.#push(tags, '0')} ${this.#present(node, value)} }`;
  }

  #present(node: PlanNode, value: string): string {
    switch (node.kind) {
      case 'nothing':
        return 'break records;';
      case 'number':
        return `${unless(`typeof ${value} === 'number'`)} ${this.#push(node.column, value)}`;
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
    }
  }

  #object(node: Extract<PlanNode, { kind: 'object' }>, value: string): string {
    const names = this.#name('names');
    const [key, count] = [this.#name('key'), this.#name('count')];
    this.#constants.push(`const ${names} = ${JSON.stringify(node.fields.map(({ name }) => name))};`);
    const fields = node.fields.map(({ name, node: field }) => {
      const local = this.#name('v');
      return `const ${local} = ${value}[${JSON.stringify(name)}];\n${this.#value(field, local)}`;
    });
    return `${unless(`typeof ${value} === 'object' && ${value} !== null && ${value}.constructor === Object`)}
let ${count} = 0;
for (const ${key} in ${value}) { if (${key} !== ${names}[${count}]) break records; ${count} += 1; }
${unless(`${count} === ${node.fields.length}`)}
${fields.join('\n')}`;
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

function unless(condition: string): string {
  return `if (!(${condition})) break records;`;
}
