import type { SeededRandom } from '../../testing/seeded-random.ts';

/** A message on its way between two nodes, as fault predicates see it. */
export interface SimulatedMessage {
  readonly subject: string;
  readonly from: string;
  readonly to: string;
  readonly bytes: number;
}

/** What may happen to messages. Probabilities are in [0, 1], times in simulated ms. */
export interface MessageFaults {
  /** Shortest time under way. Default 0. */
  readonly minDelayMs?: number;
  /** Mean of the exponentially distributed time on top of it. Default 0. */
  readonly meanDelayMs?: number;
  readonly dropProbability?: number;
  /** A duplicate takes its own time, so it may arrive before or after what followed the original. */
  readonly duplicateProbability?: number;
}

/** Faults for the messages that `when` accepts; the first rule that does decides. */
export interface FaultRule extends MessageFaults {
  /** Default: all messages. */
  readonly when?: (message: SimulatedMessage) => boolean;
}

/**
 * Order on a link:
 * - `none`: a connection's messages reach a subscription in order, as over one NATS connection;
 * - `across-subjects`: in order per subject only (the port's T1 and no more);
 * - `within-subject`: in any order (breaks T1 on purpose).
 */
export type Reordering = 'none' | 'across-subjects' | 'within-subject';

export type Fate = 'delivered' | 'dropped';

/** Draws what happens to one message. Always the same number of draws, so that fates stay independent. */
export function drawFate(
  rules: readonly FaultRule[],
  message: SimulatedMessage,
  random: SeededRandom,
): { readonly fate: Fate; readonly delayMs: number; readonly duplicateDelayMs: number | undefined } {
  const rule = rules.find((candidate) => candidate.when?.(message) ?? true) ?? {};
  const drop = random.chance(rule.dropProbability ?? 0);
  const duplicate = random.chance(rule.duplicateProbability ?? 0);
  const delay = (): number => (rule.minDelayMs ?? 0) + random.exponential(rule.meanDelayMs ?? 0);
  const delayMs = delay();
  const duplicateDelayMs = delay();
  return {
    fate: drop ? 'dropped' : 'delivered',
    delayMs,
    duplicateDelayMs: duplicate && !drop ? duplicateDelayMs : undefined,
  };
}
