import type { AnyStateMachine, AnyStateNode } from 'xstate';

/** A state diagram of a machine, in Mermaid's words, read from the machine itself. Nested states are drawn inside. */
export function mermaidOf(machine: AnyStateMachine): string {
  const lines = ['stateDiagram-v2'];
  drawChildren(machine.root, lines, '  ');
  return lines.join('\n');
}

function drawChildren(parent: AnyStateNode, lines: string[], indent: string): void {
  const initial = initialOf(parent);
  if (initial !== undefined) lines.push(`${indent}[*] --> ${nameOf(initial)}`);
  for (const state of Object.values(parent.states)) {
    if (Object.keys(state.states).length > 0) {
      lines.push(`${indent}state ${nameOf(state)} {`);
      drawChildren(state, lines, `${indent}  `);
      lines.push(`${indent}}`);
    }
    for (const [target, labels] of edgesOf(state))
      lines.push(`${indent}${nameOf(state)} --> ${target}: ${labels.join(', ')}`);
    if (state.type === 'final') lines.push(`${indent}${nameOf(state)} --> [*]`);
  }
  for (const [target, labels] of parent.parent === undefined ? edgesOf(parent) : []) {
    lines.push(`${indent}note right of ${target}: from any state on ${labels.join(', ')}`);
  }
}

/** Target -> what leads there. Transitions that stay where they are change no state, and are not drawn. */
function edgesOf(state: AnyStateNode): Map<string, string[]> {
  const edges = new Map<string, string[]>();
  for (const transition of [...[...state.transitions.values()].flat(), ...(state.always ?? [])]) {
    for (const target of transition.target ?? []) {
      const label = `${labelOf(transition.eventType)}${guardOf(transition.guard)}`;
      edges.set(nameOf(target), [...new Set([...(edges.get(nameOf(target)) ?? []), label])]);
    }
  }
  return edges;
}

function labelOf(eventType: string): string {
  if (eventType === '') return 'always';
  const delay = /^xstate\.after\.([^.]+)\./.exec(eventType);
  return delay === null ? eventType : `after ${delay[1] ?? ''}`;
}

function guardOf(guard: unknown): string {
  const name = typeof guard === 'string' ? guard : (guard as { type?: string } | undefined)?.type;
  return name === undefined ? '' : ` [${name}]`;
}

function initialOf(state: AnyStateNode): AnyStateNode | undefined {
  return state.initial?.target?.[0];
}

function nameOf(state: AnyStateNode): string {
  return state.key;
}
