import { ABSENT } from './record-type.ts';
import { TAG } from './shape-plan.ts';
import type { PlanNode, ShapePlan } from './shape-plan.ts';

/**
 * Source of `decode(columns, counts, texts, count, into)`: puts `count` records of the shape into an array from their columns.
 * The mark makes otherwise equal sources differ: each is then optimized for the classes of its own columns (whole numbers or
 * not), which also keeps whole numbers in records small integers, not doubles.
 */
export function decoderSource(plan: ShapePlan, mark: string): string {
  return new DecoderSource(plan).source(mark);
}

class DecoderSource {
  readonly #plan: ShapePlan;
  #names = 0;

  constructor(plan: ShapePlan) {
    this.#plan = plan;
  }

  source(mark: string): string {
    const lines: string[] = [];
    const record = this.#value(this.#plan.root, lines);
    const { columns } = this.#plan;
    const counted = columns.flatMap((column, id) => (column.perRecord ? [] : [id]));
    return `'use strict';
// ${mark}
return function decode(columns, counts, texts, count, into) {
  ${columns.map((_column, id) => `const c${id} = columns[${id}];`).join(' ')}
  ${counted.map((id) => `let n${id} = 0;`).join(' ')}
  for (let n = 0; n < count; n += 1) {
${lines.join('\n')}
    into[n] = ${record};
  }
};`;
  }

  /** An expression for the next value of the node; what must happen before goes into `lines`. */
  #value(node: PlanNode, lines: string[]): string {
    return this.#tagged(node, lines).value;
  }

  /** The same, with the local that holds its tag. */
  #tagged(node: PlanNode, lines: string[]): { readonly value: string; readonly tag: string } {
    const { tags } = node;
    if (tags === undefined) return { value: this.#present(node, lines), tag: String(TAG.present) };
    const [tag, value] = [this.#name('tag'), this.#name('v')];
    const inner: string[] = [];
    const present = this.#present(node, inner);
    lines.push(
      `const ${tag} = ${this.#next(tags)}; let ${value} = ${tag} === ${TAG.null} ? null : undefined;`,
    );
    lines.push(`if (${tag} === ${TAG.present}) { ${inner.join('\n')} ${value} = ${present}; }`);
    return { value, tag };
  }

  #present(node: PlanNode, lines: string[]): string {
    switch (node.kind) {
      case 'nothing':
        return 'undefined';
      case 'number':
      case 'int':
      case 'long':
      case 'bigint':
      case 'any':
        return this.#local(this.#next(node.column), lines);
      case 'string':
        return this.#local(`texts.take(${this.#next(node.column)})`, lines);
      case 'boolean':
        return this.#local(`${this.#next(node.column)} === 1`, lines);
      case 'date':
        return this.#local(`new Date(${this.#next(node.column)})`, lines);
      case 'bytes':
        return this.#local(`bytesOf(${node.of}, ${this.#next(node.blobs)})`, lines);
      case 'object':
        return this.#object(node, lines);
      case 'tuple':
        return this.#local(`[${node.items.map((item) => this.#value(item, lines)).join(', ')}]`, lines);
      case 'array':
        return this.#items('[]', node.column, firstColumn(node.item), lines, (value, inner) => {
          inner.push(`${value}.push(${this.#value(node.item, inner)});`);
        });
      case 'set':
        return this.#items('new Set()', node.column, firstColumn(node.item), lines, (value, inner) => {
          inner.push(`${value}.add(${this.#value(node.item, inner)});`);
        });
      case 'map':
        return this.#items('new Map()', node.column, firstColumn(node.key), lines, (value, inner) => {
          const key = this.#value(node.key, inner);
          inner.push(`${value}.set(${key}, ${this.#value(node.item, inner)});`);
        });
    }
  }

  /** A literal as far as all fields are there; from the first that may be missing on, field by field. */
  #object(node: Extract<PlanNode, { kind: 'object' }>, lines: string[]): string {
    const fields = node.fields.map(({ name, node: field }) => ({
      name: JSON.stringify(name),
      missable: (field.absent & ABSENT.missing) !== 0,
      ...this.#tagged(field, lines),
    }));
    const first = fields.findIndex(({ missable }) => missable);
    const always = first < 0 ? fields : fields.slice(0, first);
    const object = this.#local(
      `{ ${always.map(({ name, value }) => `${name}: ${value}`).join(', ')} }`,
      lines,
    );
    for (const { name, value, tag, missable } of fields.slice(always.length)) {
      const set = `${object}[${name}] = ${value};`;
      lines.push(missable ? `if (${tag} !== ${TAG.missing}) ${set}` : set);
    }
    return object;
  }

  #items(
    empty: string,
    column: number,
    oneEach: number | undefined,
    lines: string[],
    add: (value: string, inner: string[]) => void,
  ): string {
    const value = this.#local(empty, lines);
    const left = this.#name('left');
    const inner: string[] = [];
    add(value, inner);
    lines.push(`let ${left} = ${this.#next(column)};`);
    if (oneEach !== undefined)
      lines.push(`if (${left} > counts[${oneEach}] - n${oneEach}) throw new RangeError('too few items');`);
    lines.push(`for (; ${left} > 0; ${left} -= 1) {`, ...inner, '}');
    return value;
  }

  #local(expression: string, lines: string[]): string {
    const name = this.#name('v');
    lines.push(`const ${name} = ${expression};`);
    return name;
  }

  #next(id: number): string {
    return this.#plan.columns[id]?.perRecord === true ? `c${id}[n]` : `c${id}[n${id}++]`;
  }

  #name(prefix: string): string {
    this.#names += 1;
    return `${prefix}${this.#names}_`;
  }
}

/** The column that has one entry for each value of the node, if it has any column. */
function firstColumn(node: PlanNode): number | undefined {
  if (node.tags !== undefined) return node.tags;
  switch (node.kind) {
    case 'nothing':
      return undefined;
    case 'object': {
      for (const field of node.fields) {
        const column = firstColumn(field.node);
        if (column !== undefined) return column;
      }
      return undefined;
    }
    case 'tuple': {
      for (const item of node.items) {
        const column = firstColumn(item);
        if (column !== undefined) return column;
      }
      return undefined;
    }
    case 'number':
    case 'int':
    case 'long':
    case 'string':
    case 'boolean':
    case 'bigint':
    case 'date':
    case 'any':
    case 'bytes':
    case 'array':
    case 'set':
    case 'map':
      return node.column;
  }
}
