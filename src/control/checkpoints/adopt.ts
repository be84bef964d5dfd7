import type { CheckpointDecision, CheckpointEffect, CoordinatorState } from './state.ts';

/** Goes on from a decision within another one: its effects are added to these. */
export function adopt(decision: CheckpointDecision, effects: CheckpointEffect[]): CoordinatorState {
  effects.push(...decision.effects);
  return decision.state;
}
