import { UserError } from '../base/errors.ts';
import type { TypeDescriptor, TypeInformation } from '../functions/types/index.ts';
import type { EdgeRecords } from './chain-plan.ts';
import type { StreamEdge, StreamGraph } from './stream-graph.ts';

type Type = TypeInformation<unknown>;
/** Names of fields; undefined stands for all fields, whatever they are. */
type Fields = ReadonlySet<string> | undefined;

const NONE: Fields = new Set();

/**
 * What is known of the records of each edge, in the order of `graph.edges`.
 *
 * The fields that an edge needs are found from the sinks up: those that its operator reads, and, where the operator hands
 * its records on, those that are read after it, keys of partitioners included. An operator that does not say what it reads
 * reads everything, so that nothing is left out that anyone may look at.
 */
export function edgeRecords<F>(graph: StreamGraph<F>, genericTypes: boolean): EdgeRecords[] {
  const types = outputTypes(graph);
  const needs = inputNeeds(graph);
  return graph.edges.map((edge) => {
    const type = typeOfEdge(edge, types);
    const fields = needs[edge.target];
    return {
      operator: graph.nodes[edge.source]?.name ?? '',
      ...(type === undefined ? {} : { type }),
      ...(fields === undefined ? {} : { fields: [...fields].toSorted() }),
      genericTypes,
    };
  });
}

/** The type of each operator's records: declared, or that of its input where it only hands records on. */
function outputTypes<F>(graph: StreamGraph<F>): (Type | undefined)[] {
  const types: (Type | undefined)[] = [];
  for (const node of graph.nodes) {
    const inputs = graph.inputsOf(node.id).map((edge) => typeOfEdge(edge, types));
    const [first] = inputs;
    const same = inputs.every((type) => type?.fingerprint === first?.fingerprint);
    const derived = same && first !== undefined ? node.deriveType?.(first) : undefined;
    types.push(node.type ?? derived);
  }
  return types;
}

function typeOfEdge(edge: StreamEdge, types: readonly (Type | undefined)[]): Type | undefined {
  return edge.sideOutput === undefined ? types[edge.source] : edge.type;
}

/** The fields that each operator needs of its input. Inputs come before their readers in `graph.nodes`. */
function inputNeeds<F>(graph: StreamGraph<F>): Fields[] {
  const needs: Fields[] = [];
  for (const node of graph.nodes.toReversed()) {
    const { fieldUse } = node;
    // A prototype is no field that could be sent alone.
    if (fieldUse === undefined || fieldUse.fields.includes('__proto__')) continue;
    const later = fieldUse.passesOn
      ? graph.outputsOf(node.id).map((edge) => union(needs[edge.target], partitionFields(edge)))
      : [];
    needs[node.id] = later.reduce(union, new Set(fieldUse.fields));
  }
  return needs;
}

/** What the partitioner reads of a record, in the subtask that emits it. */
function partitionFields({ partitioner }: StreamEdge): Fields {
  if (partitioner.kind === 'custom') return undefined;
  if (partitioner.kind === 'hash') return partitioner.keyFields && new Set(partitioner.keyFields);
  return NONE;
}

function union(a: Fields, b: Fields): Fields {
  return a === undefined || b === undefined ? undefined : new Set([...a, ...b]);
}

/**
 * What `pipeline.generic-types: false` asks of an edge between tasks.
 * @throws UserError naming the operator, when its records have no declared type or one with generic parts
 */
export function checkNotGeneric({ operator, type, genericTypes }: EdgeRecords): void {
  if (genericTypes || (type !== undefined && !isGeneric(type.descriptor))) return;
  throw new UserError(
    `records of operator "${operator}" go to another task, and ${type === undefined ? 'have no declared type' : 'their type is generic in part'}: ` +
      "declare it with returns(Types...) or as a side output's type, or set pipeline.generic-types: true",
  );
}

function isGeneric(type: TypeDescriptor): boolean {
  switch (type.kind) {
    case 'generic':
      return true;
    case 'array':
    case 'set':
      return isGeneric(type.item);
    case 'map':
      return isGeneric(type.key) || isGeneric(type.value);
    case 'tuple':
      return type.items.some(isGeneric);
    case 'record':
      return type.fields.some((field) => isGeneric(field.type));
    case 'nullable':
    case 'optional':
      return isGeneric(type.of);
    case 'string':
    case 'int':
    case 'long':
    case 'double':
    case 'boolean':
    case 'bigint':
    case 'date':
    case 'bytes':
    case 'external':
      return false;
  }
}
