import { PAYLOAD_BYTES_MAX } from '../../base/limits.ts';
import type { Clock } from '../../ports/clock.ts';
import type { HandlerErrorListener, Transport, TransportMessage } from '../../ports/transport.ts';
import type { SeededRandom } from '../../testing/seeded-random.ts';
import type { SimulationTrace } from '../../testing/simulation-trace.ts';
import { copyPayload, newMessage, reportToStderr } from '../delivery.ts';
import { SubjectIndex } from '../subject-match.ts';
import { type FaultRule, type Reordering, drawFate } from './faults.ts';
import { LinkTable } from './links.ts';
import { SimulatedTransport, type SimulatedSubscription } from './simulated-transport.ts';

export interface SimulatedNetworkOptions {
  /** Default: no faults, no delay. May be replaced while running (`setFaults`). */
  readonly faults?: readonly FaultRule[];
  /** Default `none`. */
  readonly reorder?: Reordering;
  /** Gets a line for each message sent, lost and delivered. */
  readonly trace?: SimulationTrace;
  readonly maxPayload?: number;
  /** Default: stderr. */
  readonly onHandlerError?: HandlerErrorListener;
}

export interface NetworkCounters {
  readonly sent: number;
  readonly delivered: number;
  readonly dropped: number;
  readonly duplicated: number;
  /** Lost to a partition. */
  readonly blocked: number;
  /** Lost because the receiver crashed or closed meanwhile. */
  readonly gone: number;
}

interface Parcel {
  readonly id: string;
  readonly from: string;
  readonly subscription: SimulatedSubscription;
  readonly message: TransportMessage;
}

/**
 * A network between named nodes on a simulated clock: each message draws its delay, loss and duplication from the
 * seed; links can be blocked one way or both, nodes can crash and sleep. Equal seeds and equal calls give equal runs.
 */
export class SimulatedNetwork {
  readonly clock: Clock;
  readonly maxPayload: number;
  readonly links: LinkTable = new LinkTable();
  readonly subscriptions = new SubjectIndex<SimulatedSubscription>();
  readonly #random: SeededRandom;
  readonly #reorder: Reordering;
  readonly #trace: SimulationTrace | undefined;
  readonly #onHandlerError: HandlerErrorListener;
  readonly #transports = new Map<string, Set<SimulatedTransport>>();
  readonly #queues = new Map<string, Parcel[]>();
  readonly #lastArrival = new Map<string, number>();
  readonly #sleeping = new Map<string, Parcel[]>();
  readonly #counters = { sent: 0, delivered: 0, dropped: 0, duplicated: 0, blocked: 0, gone: 0 };
  #faults: readonly FaultRule[];
  #lastConnection = 0;

  constructor(clock: Clock, random: SeededRandom, options: SimulatedNetworkOptions = {}) {
    this.clock = clock;
    this.maxPayload = options.maxPayload ?? PAYLOAD_BYTES_MAX;
    this.#random = random;
    this.#faults = options.faults ?? [];
    this.#reorder = options.reorder ?? 'none';
    this.#trace = options.trace;
    this.#onHandlerError = options.onHandlerError ?? reportToStderr;
  }

  get counters(): NetworkCounters {
    return { ...this.#counters };
  }

  /**
   * A new connection of a node; a node may have several, and one that crashed may connect again. `clock` carries the
   * deadlines of its requests: the node's own, so that they end with the node. Default: the network's.
   */
  connect(
    node: string,
    options: { readonly clock?: Clock; readonly onHandlerError?: HandlerErrorListener } = {},
  ): Transport {
    const id = `${node}#${++this.#lastConnection}`;
    const transport = new SimulatedTransport(this, {
      node,
      id,
      inbox: `_INBOX.s${this.#lastConnection}`,
      clock: options.clock ?? this.clock,
      onHandlerError: options.onHandlerError ?? this.#onHandlerError,
      onClosed: () => this.#transports.get(node)?.delete(transport),
    });
    const ofNode = this.#transports.get(node) ?? new Set<SimulatedTransport>();
    this.#transports.set(node, ofNode.add(transport));
    return transport;
  }

  /** Replaces the fault rules: `[]` heals everything but partitions. */
  setFaults(faults: readonly FaultRule[]): void {
    this.#faults = faults;
    this.#trace?.add(`${this.#now()} faults ${faults.length}`);
  }

  /** Nothing from `from` reaches `to` any more, what is under way included; the way back stays open. */
  block(from: string, to: string): void {
    this.links.block(from, to);
    this.#trace?.add(`${this.#now()} block ${from} -> ${to}`);
  }

  unblock(from: string, to: string): void {
    this.links.unblock(from, to);
    this.#trace?.add(`${this.#now()} unblock ${from} -> ${to}`);
  }

  /** Cuts the two groups from each other, both ways. */
  partition(one: readonly string[], other: readonly string[]): void {
    for (const a of one) {
      for (const b of other) {
        this.block(a, b);
        this.block(b, a);
      }
    }
  }

  /** Unblocks every link. */
  heal(): void {
    this.links.clear();
    this.#trace?.add(`${this.#now()} heal`);
  }

  /** Ends a node: its subscriptions vanish, its requests are never answered, what it sends from now on goes nowhere. */
  crash(node: string): void {
    this.#trace?.add(`${this.#now()} crash ${node}`);
    for (const transport of this.#transports.get(node) ?? []) transport.crash();
    this.#transports.delete(node);
    this.#sleeping.delete(node);
  }

  /** Stops delivery to a node (SIGSTOP); messages wait for it. Its timers are its clock's matter. */
  pause(node: string): void {
    this.#trace?.add(`${this.#now()} pause ${node}`);
    if (!this.#sleeping.has(node)) this.#sleeping.set(node, []);
  }

  /** Delivers what came in the meantime, in order, and goes on. */
  resume(node: string): void {
    this.#trace?.add(`${this.#now()} resume ${node}`);
    this.#wake(node);
  }

  /** Sends to every matching subscription; answers how many there are. */
  route(sender: SimulatedTransport, message: TransportMessage): number {
    const { subject, payload } = message;
    let receivers = 0;
    this.subscriptions.forEachMatch(subject, (subscription) => {
      receivers++;
      this.#send(sender, subscription, message);
    });
    if (receivers === 0)
      this.#trace?.add(`${this.#now()} unheard ${sender.id} ${subject} ${payload.byteLength}B`);
    return receivers;
  }

  #send(sender: SimulatedTransport, subscription: SimulatedSubscription, message: TransportMessage): void {
    const { subject, payload } = message;
    const to = subscription.transport.node;
    const id = `m${++this.#counters.sent}`;
    const what = `${id} ${sender.id} -> ${subscription.transport.id} ${subject} ${payload.byteLength}B`;
    const described = { subject, from: sender.node, to, bytes: payload.byteLength };
    const { fate, delayMs, duplicateDelayMs } = drawFate(this.#faults, described, this.#random);
    if (this.links.isBlocked(sender.node, to)) {
      this.#counters.blocked++;
      this.#trace?.add(`${this.#now()} blocked ${what}`);
      return;
    }
    if (fate === 'dropped') {
      this.#counters.dropped++;
      this.#trace?.add(`${this.#now()} drop ${what}`);
      return;
    }
    this.#trace?.add(`${this.#now()} send ${what} in ${delayMs.toFixed(3)}`);
    const copy = (): TransportMessage =>
      newMessage(subject, copyPayload(payload), message.headers, message.replyTo);
    this.#enqueue(
      this.#channel(sender, subscription, subject, id),
      { id, from: sender.node, subscription, message: copy() },
      delayMs,
    );
    if (duplicateDelayMs === undefined) return;
    this.#counters.duplicated++;
    const twin = `${id}+`;
    this.#enqueue(twin, { id: twin, from: sender.node, subscription, message: copy() }, duplicateDelayMs);
  }

  #channel(
    sender: SimulatedTransport,
    subscription: SimulatedSubscription,
    subject: string,
    id: string,
  ): string {
    const link = `${sender.id}>${subscription.id}`;
    switch (this.#reorder) {
      case 'none':
        return link;
      case 'across-subjects':
        return `${link}>${subject}`;
      case 'within-subject':
        return id;
    }
  }

  /** Each arrival event takes the oldest parcel of its channel, so ties of the clock cannot break the order. */
  #enqueue(channel: string, parcel: Parcel, delayMs: number): void {
    const queue = this.#queues.get(channel) ?? [];
    this.#queues.set(channel, queue);
    queue.push(parcel);
    const now = this.clock.monotonic();
    const at = Math.max(now + delayMs, this.#lastArrival.get(channel) ?? 0);
    this.#lastArrival.set(channel, at);
    this.clock.setTimeout(() => this.#arrive(channel), at - now, `deliver ${channel}`);
  }

  #arrive(channel: string): void {
    const queue = this.#queues.get(channel);
    const parcel = queue?.shift();
    if (queue === undefined || parcel === undefined) return;
    if (queue.length === 0) {
      this.#queues.delete(channel);
      this.#lastArrival.delete(channel);
    }
    const { subscription } = parcel;
    const to = subscription.transport.node;
    if (this.links.isBlocked(parcel.from, to)) {
      this.#counters.blocked++;
      this.#trace?.add(`${this.#now()} blocked ${parcel.id}`);
      return;
    }
    if (!subscription.open) {
      this.#counters.gone++;
      this.#trace?.add(`${this.#now()} gone ${parcel.id}`);
      return;
    }
    const sleeping = this.#sleeping.get(to);
    if (sleeping === undefined) this.#deliver(parcel);
    else sleeping.push(parcel);
  }

  /** One waiting parcel per event; what arrives meanwhile queues behind, so the order holds. */
  #wake(node: string): void {
    const waiting = this.#sleeping.get(node);
    if (waiting === undefined) return;
    if (waiting.length === 0) {
      this.#sleeping.delete(node);
      return;
    }
    this.clock.setTimeout(
      () => {
        const parcel = waiting.shift();
        if (this.#sleeping.get(node) !== waiting || parcel === undefined) return;
        if (parcel.subscription.open) this.#deliver(parcel);
        this.#wake(node);
      },
      0,
      `wake ${node}`,
    );
  }

  #deliver(parcel: Parcel): void {
    this.#counters.delivered++;
    this.#trace?.add(`${this.#now()} deliver ${parcel.id}`);
    parcel.subscription.transport.receive(parcel.subscription, parcel.message);
  }

  #now(): string {
    return this.clock.monotonic().toFixed(3);
  }
}
