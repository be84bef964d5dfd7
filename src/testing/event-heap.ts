/** An event of a `SimulatedClock`. Cancelled ones are skipped when they reach the top. */
export interface ScheduledEvent {
  readonly time: number;
  readonly tie: number;
  readonly sequence: number;
  readonly name: string;
  readonly callback: () => void;
  cancelled: boolean;
}

/** A binary min-heap by time, then tie, then order of scheduling. */
export class EventHeap {
  #events: ScheduledEvent[] = [];

  push(event: ScheduledEvent): void {
    const events = this.#events;
    let at = events.length;
    events.push(event);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isBefore(event, events[parent] as ScheduledEvent)) break;
      events[at] = events[parent] as ScheduledEvent;
      at = parent;
    }
    events[at] = event;
  }

  /** The first live event, left in place. */
  peek(): ScheduledEvent | undefined {
    while (this.#events[0]?.cancelled === true) this.#removeFirst();
    return this.#events[0];
  }

  /** Takes the first live event. */
  pop(): ScheduledEvent | undefined {
    const event = this.peek();
    if (event !== undefined) this.#removeFirst();
    return event;
  }

  countLive(): number {
    let count = 0;
    for (const event of this.#events) if (!event.cancelled) count++;
    return count;
  }

  /** All live events in order. */
  live(): ScheduledEvent[] {
    return this.#events
      .filter((event) => !event.cancelled)
      .sort((one, other) => (isBefore(one, other) ? -1 : 1));
  }

  #removeFirst(): void {
    const events = this.#events;
    const last = events.pop() as ScheduledEvent;
    if (events.length === 0) return;
    let at = 0;
    for (;;) {
      let child = at * 2 + 1;
      if (child >= events.length) break;
      const right = child + 1;
      if (
        right < events.length &&
        isBefore(events[right] as ScheduledEvent, events[child] as ScheduledEvent)
      ) {
        child = right;
      }
      if (!isBefore(events[child] as ScheduledEvent, last)) break;
      events[at] = events[child] as ScheduledEvent;
      at = child;
    }
    events[at] = last;
  }
}

function isBefore(one: ScheduledEvent, other: ScheduledEvent): boolean {
  if (one.time !== other.time) return one.time < other.time;
  if (one.tie !== other.tie) return one.tie < other.tie;
  return one.sequence < other.sequence;
}
