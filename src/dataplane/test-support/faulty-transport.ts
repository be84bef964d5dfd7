import type { Clock } from '../../ports/clock.ts';
import type { Transport } from '../../ports/transport.ts';
import type { SeededRandom } from '../../testing/seeded-random.ts';

/** What may happen to a message on its way out. */
export const FAULTS = ['drop', 'duplicate', 'reorder', 'corrupt', 'truncate', 'delay'] as const;
export type Fault = (typeof FAULTS)[number];

export interface FaultPlan {
  readonly random: SeededRandom;
  readonly clock: Clock;
  /** How often each kind of fault happens to a message, in [0, 1]; default 0. */
  readonly probability: Partial<Record<Fault, number>>;
  readonly happened?: Map<Fault, number>;
  /** May throw what a transport throws. */
  readonly beforePublish?: () => void;
}

const DELAY_MS = 40;

/** A transport whose messages are dropped, doubled, damaged or out of order, as a plan says. Keeps none of the port's T1. */
export function faultyTransport(inner: Transport, plan: FaultPlan): Transport {
  const { random, clock, happened } = plan;
  const held: [string, Uint8Array][] = [];
  const draw = (): Fault | undefined => FAULTS.find((fault) => random.chance(plan.probability[fault] ?? 0));

  const publish = (subject: string, payload: Uint8Array): void => {
    plan.beforePublish?.();
    const fault = draw();
    if (fault !== undefined) happened?.set(fault, (happened.get(fault) ?? 0) + 1);
    const bytes = new Uint8Array(payload);
    switch (fault) {
      case undefined:
        inner.publish(subject, bytes);
        break;
      case 'drop':
        break;
      case 'duplicate':
        inner.publish(subject, bytes);
        inner.publish(subject, bytes);
        break;
      case 'reorder':
        held.push([subject, bytes]);
        return;
      case 'corrupt': {
        const bit = Math.floor(random.next() * bytes.byteLength * 8);
        bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        inner.publish(subject, bytes);
        break;
      }
      case 'truncate':
        inner.publish(subject, bytes.subarray(0, Math.floor(random.next() * bytes.byteLength)));
        break;
      case 'delay':
        clock.setTimeout(() => inner.publish(subject, bytes), random.next() * DELAY_MS);
        break;
    }
    for (const [late, kept] of held.splice(0)) inner.publish(late, kept);
  };

  return {
    publish,
    subscribe: (pattern, handler) => inner.subscribe(pattern, handler),
    request: (subject, payload, options) => inner.request(subject, payload, options),
    flush: () => inner.flush(),
    close: () => inner.close(),
    closed: inner.closed,
    get maxPayload() {
      return inner.maxPayload;
    },
  };
}
