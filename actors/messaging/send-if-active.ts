/** As much of an actor as is needed to tell it something. */
export interface Receiver<E> {
  getSnapshot(): { readonly status: string };
  send(event: E): void;
}

/** Sends what an effect found out to the actor that asked for it, unless that one has ended meanwhile: as roles do whose leader was deposed. */
export function sendIfActive<E>(actor: Receiver<E>, event: E): void {
  if (actor.getSnapshot().status === 'active') actor.send(event);
}
